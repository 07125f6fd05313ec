// Package dn brings distinguished names (RFC 4514) into one canonical text, so that names which mean the same entry are equal
// byte for byte: directories, admins and members of groups spell one name in many ways.
//
// It promises that Canonical changes nothing when it is done twice, that different entries stay different, and that a name it
// does not understand is an error that names the offset. It must not guess: a broken name never becomes somebody else's. What
// is canonical is for comparing and for showing, not for sending back to a directory.
package dn
