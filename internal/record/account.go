package record

import (
	"regexp"
	"strings"
)

// asRoot stands behind the name of somebody who became root by sudo.
const asRoot = " as root"

// AsRoot names somebody who became root, by the name that sudo gave on: "lea as root". Only root can have said it, and root may say
// anything, so it proves no more than that; a name that no account has is passed over, and root is what remains.
func AsRoot(root, sudo string) string {
	if sudo == root || !accountForm().MatchString(sudo) {
		return root
	}
	return sudo + asRoot
}

// Accounts returns the accounts of which somebody is one who is named like that: lea and root are both "lea as root".
func Accounts(who string) []string {
	if name, found := strings.CutSuffix(who, asRoot); found {
		return []string{name, "root"}
	}
	return []string{who}
}

func accountForm() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,63}\$?$`)
}
