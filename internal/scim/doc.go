// Package scim holds the words of SCIM 2.0 (RFC 7643, RFC 7644): resources, schemas, filters, patches, projections and errors.
//
// It promises that a Resource is never changed: what changes one returns another. Names of attributes are compared without regard to
// case, their order and the text of numbers are kept. Whatever a stranger sends is read within limits and refused with the scimType
// that the RFC names. The dialects of Entra ID and Okta are understood where they differ from the RFC without contradicting it.
//
// It must not speak to the network, keep anything, or know what people and groups are read for.
package scim
