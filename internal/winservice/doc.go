// Package winservice makes the program a Windows service: installs and removes it, starts and stops it, runs as one, and writes the
// log into the Windows Event Log.
//
// On other systems [Run] only calls what it is given, and the rest is not there. An installed service runs under a virtual account of
// its own that may read one folder and write into one below it; its stop is a cancelled context, so it ends as gracefully as on any
// other system. It must not know what the service does.
package winservice

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// DefaultName is the service of a machine with one organization.
const DefaultName = "kisi-sync"

// Manager is who started the process.
type Manager struct {
	// Name is the service that the process is, which is also its source in the Event Log; "" when it is none.
	Name string
	// Ready says that the service does its work. It is never nil and may be called more than once.
	Ready func()
}

// Account returns the virtual account under which a service runs. Windows makes it with the service and keeps no password for it.
func Account(name string) string { return `NT SERVICE\` + name }

// sid returns the security identifier of a service's account: S-1-5-80 and the SHA-1 of the upper-case name in UTF-16, in five numbers
// (Microsoft, [MS-DTYP] 2.4.2.4, NT_SERVICE; `sc showsid NAME` prints the same). Computed, since Windows knows it by name only
// after the service was made.
func sid(name string) string {
	var raw []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(name))) {
		raw = binary.LittleEndian.AppendUint16(raw, unit)
	}
	sum := sha1.Sum(raw)
	text := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		text += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return text
}

// The rights of a service's account, as access masks of files: FILE_GENERIC_READ with FILE_GENERIC_EXECUTE, and what Explorer calls
// Modify.
const (
	mayRead   = "0x1200a9"
	mayModify = "0x1301bf"
)

// access returns an access list in SDDL that inherits nothing from above and hands itself down to what is inside: everything for the system
// and administrators, some rights for the service, nothing for anybody else.
func access(name, rights string) string {
	return fmt.Sprintf("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;%s;;;%s)", rights, sid(name))
}

// StateFolder returns the folder below that of the configuration file into which the service may write.
func StateFolder(config string) string { return filepath.Join(filepath.Dir(config), "state") }
