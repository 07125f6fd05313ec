// Package adsim is a forest of Active Directory in this process, for what a single real controller cannot show: several controllers of one domain, of
// which each numbers its changes for itself and learns of the others' when a test says so; disks that are put back; domains between which
// people move, and forests that trust each other.
//
// It promises to do what [MS-ADTS] and [MS-DRSR] say where the sections are named, and nothing at all in between: no schema is checked, no right
// beyond those of an Account, nothing happens by itself. Controllers are changed by their methods only, never over LDAP. It must not be used
// outside of tests.
package adsim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

// GUID is the 16 bytes of a GUID packet ([MS-DTYP] section 2.3.4.2).
type GUID [16]byte

// String is the form of the tools: the first three fields are little-endian.
func (g GUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", []byte{g[3], g[2], g[1], g[0]}, []byte{g[5], g[4]}, []byte{g[7], g[6]}, g[8:10], g[10:16])
}

// Options are what holds for a whole forest.
type Options struct {
	Now func() time.Time // required
	// WithoutBin is a forest without the recycle bin: deleting leaves tombstones ([MS-ADTS] section 3.1.1.5.5.1).
	WithoutBin bool
	// Filtered are attributes that take another right to replicate ([MS-ADTS] section 2.2.9, fRODCFilteredAttribute), which no Account has.
	Filtered []string
	// Accounts that may log in anywhere, by name.
	Accounts map[string]Account
}

// Account is somebody who reads.
type Account struct {
	Password string
	// Replicate is the right "Replicating Directory Changes" ([MS-ADTS] section 5.1.3.2.1).
	Replicate bool
	// SeesDeleted is the right to list deleted objects.
	SeesDeleted bool
	// SeesNoVector hides replUpToDateVector, which everybody who is logged in may read by default.
	SeesNoVector bool
}

// Forest is some domains that know each other's people. Everything of it may be used by many goroutines.
type Forest struct {
	options Options
	schema  ldapsim.Schema
	mu      sync.Mutex
	made    uint64 // GUIDs so far
	domains []*Domain
}

// New is an empty forest.
func New(o Options) *Forest { return &Forest{options: o, schema: comparison()} }

// newGUID is the next of a series that is the same in each test.
func (f *Forest) newGUID() (g GUID) {
	f.made++
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, f.made))
	copy(g[:], sum[:])
	return g
}

// Domain is a naming context with its controllers.
type Domain struct {
	forest      *Forest
	suffix      string
	sid         string // of the domain; those of its accounts have one part more
	rid         int
	head        GUID
	controllers []*Controller
}

// AddDomain makes a domain such as "DC=corp,DC=test" with one controller, whose name is dc1. A domain whose name ends with another's lies below it.
func (f *Forest) AddDomain(suffix string) *Domain {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := &Domain{forest: f, suffix: suffix, rid: 1100, head: f.newGUID()}
	sum := sha256.Sum256([]byte(suffix))
	d.sid = fmt.Sprintf("S-1-5-21-%d-%d-%d", binary.LittleEndian.Uint32(sum[:]), binary.LittleEndian.Uint32(sum[4:]), binary.LittleEndian.Uint32(sum[8:]))
	f.domains = append(f.domains, d)
	c := d.newController()
	head := c.create(d.head, GUID{}, suffix, "domainDNS")
	for _, name := range []string{deletedObjects, foreignPrincipals, "Users", "System"} {
		c.create(f.newGUID(), head.guid, name, "container")
	}
	return d
}

// Domain is the one of a name; it must be there.
func (f *Forest) Domain(suffix string) *Domain {
	for _, d := range f.domains {
		if d.suffix == suffix {
			return d
		}
	}
	panic("adsim: there is no domain " + suffix)
}

// Suffix is the domain's name.
func (d *Domain) Suffix() string { return d.suffix }

// DNS is the domain's name in DNS.
func (d *Domain) DNS() string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(d.suffix, ",DC=", "."), "DC=", ""))
}

// Controller is the n-th of the domain, from 0.
func (d *Domain) Controller(n int) *Controller { return d.controllers[n] }

// AddController makes another controller out of everything that the first one has.
func (d *Domain) AddController() *Controller {
	d.forest.mu.Lock()
	defer d.forest.mu.Unlock()
	c := d.newController()
	c.pull(d.controllers[0], 0)
	return c
}

func (d *Domain) newController() *Controller {
	c := &Controller{domain: d, name: fmt.Sprint("dc", len(d.controllers)+1), invocation: d.forest.newGUID(), dsa: d.forest.newGUID(),
		state: newState()}
	d.controllers = append(d.controllers, c)
	return c
}

// newSID is the identifier of the next account. Real controllers take theirs out of pools ([MS-ADTS] section 3.1.1.5.2.4); the numbers do not matter here.
func (d *Domain) newSID() string {
	d.rid++
	return fmt.Sprintf("%s-%d", d.sid, d.rid)
}

// sidBytes is a security identifier as attributes hold it ([MS-DTYP] section 2.4.2.2).
func sidBytes(text string) string {
	parts := strings.Split(text, "-")[2:]
	raw := []byte{1, byte(len(parts) - 1), 0, 0, 0, 0, 0, 0}
	for i, p := range parts {
		var n uint32
		if _, err := fmt.Sscan(p, &n); err != nil {
			panic("adsim: no security identifier: " + text)
		}
		if i == 0 {
			raw[7] = byte(n)
			continue
		}
		raw = binary.LittleEndian.AppendUint32(raw, n)
	}
	return string(raw)
}
