package scim

import (
	"fmt"
	"net/http"
	"strconv"
)

// Schemas of messages (RFC 7644 sections 3.4.2, 3.5.2, 3.12).
const (
	ErrorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
	ListSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	PatchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	// SearchSchema is that of a query in a body (RFC 7644 section 3.4.3).
	SearchSchema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
)

// ErrorType is a scimType (RFC 7644 section 3.12, table 9).
type ErrorType string

// The scimTypes of RFC 7644 section 3.12, table 9.
const (
	InvalidFilter ErrorType = "invalidFilter"
	TooMany       ErrorType = "tooMany"
	Uniqueness    ErrorType = "uniqueness"
	Mutability    ErrorType = "mutability"
	InvalidSyntax ErrorType = "invalidSyntax"
	InvalidPath   ErrorType = "invalidPath"
	NoTarget      ErrorType = "noTarget"
	InvalidValue  ErrorType = "invalidValue"
	InvalidVers   ErrorType = "invalidVers"
	Sensitive     ErrorType = "sensitive"
)

// Error is a refusal, told to whoever asked (RFC 7644 section 3.12). Every error of this package is an *Error.
type Error struct {
	Status int       // of HTTP
	Type   ErrorType // "" where the RFC names none
	Detail string    // for a person; quotes nothing of a password, and values only shortened
}

// Error returns the detail with the scimType.
func (e *Error) Error() string {
	if e.Type == "" {
		return "scim " + strconv.Itoa(e.Status) + ": " + e.Detail
	}
	return "scim " + strconv.Itoa(e.Status) + " " + string(e.Type) + ": " + e.Detail
}

// MarshalJSON returns the message of RFC 7644 section 3.12, in which the status is a string.
func (e *Error) MarshalJSON() ([]byte, error) {
	o := NewObject(Field{"schemas", []any{ErrorSchema}}, Field{"status", strconv.Itoa(e.Status)})
	if e.Type != "" {
		o = o.With("scimType", string(e.Type))
	}
	return o.With("detail", e.Detail).MarshalJSON()
}

// refuse returns an error with the status that table 9 gives to its scimType.
func refuse(why ErrorType, format string, args ...any) *Error {
	status := http.StatusBadRequest
	if why == Uniqueness {
		status = http.StatusConflict
	}
	return &Error{Status: status, Type: why, Detail: fmt.Sprintf(format, args...)}
}

// short keeps what a stranger wrote from filling a log.
func short(text string) string {
	const most = 60
	if len(text) <= most {
		return strconv.Quote(text)
	}
	return strconv.Quote(text[:most]) + "…"
}
