package secret

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// revealing are the rights by which an account could read a file, change it, or give itself the right to.
const revealing = windows.FILE_READ_DATA | windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.WRITE_DAC | windows.WRITE_OWNER |
	windows.GENERIC_READ | windows.GENERIC_WRITE | windows.GENERIC_ALL

// crowds are the groups that everybody who has an account, or none, belongs to.
func crowds() []windows.WELL_KNOWN_SID_TYPE {
	return []windows.WELL_KNOWN_SID_TYPE{windows.WinWorldSid, windows.WinAuthenticatedUserSid, windows.WinBuiltinUsersSid,
		windows.WinBuiltinGuestsSid, windows.WinAnonymousSid, windows.WinInteractiveSid, windows.WinNetworkSid}
}

// listed refuses a file whose access list lets everybody in. Named accounts are somebody's decision and are left alone.
func listed(where, path string) error {
	// By their numbers, since Windows calls the system and administrators differently in each language.
	const hint = `run as an administrator: icacls "%s" /inheritance:r /grant *S-1-5-18:F *S-1-5-32-544:F "NT SERVICE\kisi-sync:R" (the system, administrators, the service)`
	descriptor, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return &Error{Ref: where, Problem: "does not say who may read it: " + err.Error(), Err: err}
	}
	list, _, err := descriptor.DACL()
	if err != nil || list == nil { // no list at all lets everybody in
		return &Error{Ref: where, Problem: "has no access list, so every account may read it", Hint: fmt.Sprintf(hint, path), Err: err}
	}
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &entry); err != nil {
			return &Error{Ref: where, Problem: "does not say who may read it: " + err.Error(), Err: err}
		}
		if who := (*windows.SID)(unsafe.Pointer(&entry.SidStart)); opens(entry) && crowd(who) {
			name, _, _, _ := who.LookupAccount("")
			return &Error{Ref: where, Problem: "is open to " + name + " " + who.String(), Hint: fmt.Sprintf(hint, path)}
		}
	}
	return nil
}

// opens says whether an entry of an access list gives a right to the file itself by which it could be read or changed.
func opens(entry *windows.ACCESS_ALLOWED_ACE) bool {
	return entry.Header.AceType == windows.ACCESS_ALLOWED_ACE_TYPE && entry.Header.AceFlags&windows.INHERIT_ONLY_ACE == 0 && entry.Mask&revealing != 0
}

func crowd(who *windows.SID) bool {
	for _, kind := range crowds() {
		if who.IsWellKnown(kind) {
			return true
		}
	}
	return false
}
