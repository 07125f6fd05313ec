package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/kisi-sync/kisi-sync/internal/secret"
)

func TestASecretThatEverybodyMayReadIsRefusedByItsAccessList(t *testing.T) {
	for _, c := range []struct{ list, refused string }{
		{"D:P(A;;FA;;;SY)(A;;FA;;;BA)", ""},
		{"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-80-1-2-3-4-5)", ""}, // a service's own account
		{"D:P(A;;FA;;;BA)(A;;FR;;;BU)", "is open to"},                   // as C:\ProgramData hands down
		{"D:P(A;;FA;;;BA)(A;;FR;;;WD)", "is open to"},
		{"D:P(A;;FA;;;BA)(A;;FW;;;AU)", "is open to"}, // who can replace it decides as much
		{"D:P(A;;FA;;;BA)(A;;RC;;;BU)", ""},           // may see who may read it, no more
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte("hunter2"), 0o600); err != nil {
			t.Fatal(err)
		}
		descriptor, err := windows.SecurityDescriptorFromString(c.list)
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := descriptor.DACL()
		if err != nil {
			t.Fatal(err)
		}
		const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
		if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what, nil, nil, list, nil); err != nil {
			t.Fatal(err)
		}
		_, err = secret.Ref{File: path}.Resolve(secret.Place{})
		if refused := err != nil; refused != (c.refused != "") || refused && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: got %v", c.list, err)
		}
	}
}
