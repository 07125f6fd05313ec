package ldap

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// idForm is an attribute that never changes, and how its value becomes text.
type idForm struct {
	attribute string
	text      func(value []byte) (string, error)
}

// idOf is the form of an attribute by its name; unknown ones are taken as they are.
func idOf(attribute string) idForm {
	switch strings.ToLower(attribute) {
	case "":
		return idForm{}
	case "objectguid":
		return guidBytes(attribute)
	case "entryuuid", "ipauniqueid":
		return uuidText(attribute)
	case "nsuniqueid":
		return foldedText(attribute)
	}
	return idForm{attribute, func(v []byte) (string, error) { return string(v), nil }}
}

// uuidText is a UUID in text (RFC 4530 section 2.1), of which case does not count.
func uuidText(attribute string) idForm {
	return idForm{attribute, func(v []byte) (string, error) {
		id := strings.ToLower(string(v))
		if raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", "")); err != nil || len(raw) != 16 || len(id) != 36 {
			return "", fmt.Errorf("%s %q is no UUID", attribute, v)
		}
		return id, nil
	}}
}

// foldedText is a text of which case does not count, such as nsUniqueId (8-8-8-8 hexadecimal digits).
func foldedText(attribute string) idForm {
	return idForm{attribute, func(v []byte) (string, error) { return strings.ToLower(string(v)), nil }}
}

// guidPacket is the other way round, for filters; the text is one that guidBytes made.
func guidPacket(text string) []byte {
	v, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(v) != 16 {
		return nil
	}
	return []byte{v[3], v[2], v[1], v[0], v[5], v[4], v[7], v[6], v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15]}
}

// guidBytes is a GUID packet ([MS-DTYP] section 2.3.4.2): 16 bytes of which the first three fields are little-endian. The text
// is the one that Active Directory's own tools show, without braces and in lower case.
func guidBytes(attribute string) idForm {
	return idForm{attribute, func(v []byte) (string, error) {
		if len(v) != 16 {
			return "", fmt.Errorf("%s has %d bytes instead of 16", attribute, len(v))
		}
		return fmt.Sprintf("%x-%x-%x-%x-%x", []byte{v[3], v[2], v[1], v[0]}, []byte{v[5], v[4]}, []byte{v[7], v[6]}, v[8:10], v[10:16]), nil
	}}
}
