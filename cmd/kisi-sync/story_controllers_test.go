package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/adsim"
	"github.com/kisi-sync/kisi-sync/internal/sim/ldapsim"
)

// domainControllers are some of one domain of Active Directory, simulated.
type domainControllers struct {
	domain  *adsim.Domain
	servers []*ldapsim.Server
	disk    adsim.Image
}

const controllersStaff = "OU=Staff,DC=lab,DC=example"

// cmdControllers has several domain controllers in a story, and does something at the n-th, from 1:
//
//	start COUNT              they begin, all with ana, bo and cy in the group Staff; they are at $DC1, $DC2, ..., their authorities in dc-ca.pem, and
//	                         the password of "reader" in dc-password
//	disable N NAME           somebody's account is disabled there
//	enable N NAME            and enabled
//	tell N M                 N replicates what it does not have from M
//	down N, up N             it does not answer; it does
//	image N, putback N       its disk is copied; the copy is put back behind the directory's back
func cmdControllers(ts *testscript.TestScript, _ bool, args []string) {
	s := stageOf(ts)
	number := func(i int) int {
		n, err := strconv.Atoi(args[i])
		ts.Check(err)
		return n
	}
	if args[0] == "start" {
		s.dcs = startControllers(ts, number(1))
		return
	}
	at := s.dcs.domain.Controller(number(1) - 1)
	switch args[0] {
	case "disable":
		at.Disable("CN=" + args[2] + "," + controllersStaff)
	case "enable":
		at.Enable("CN=" + args[2] + "," + controllersStaff)
	case "tell":
		at.Replicate(s.dcs.domain.Controller(number(2) - 1))
	case "down":
		s.dcs.servers[number(1)-1].Break(ldapsim.Fault{On: ldapsim.OnAccept, Drop: true})
	case "up":
		s.dcs.servers[number(1)-1].Heal()
	case "image":
		s.dcs.disk = at.Image()
	case "putback":
		at.PutBack(s.dcs.disk)
	default:
		ts.Fatalf("controllers cannot %s", args[0])
	}
}

func startControllers(ts *testscript.TestScript, count int) *domainControllers {
	forest := adsim.New(adsim.Options{Now: time.Now, Accounts: map[string]adsim.Account{"reader": {Password: "northern", Replicate: true, SeesDeleted: true}}})
	d := &domainControllers{domain: forest.AddDomain("DC=lab,DC=example")}
	first := d.domain.Controller(0)
	first.Add(controllersStaff, "organizationalUnit", nil)
	var all []string
	for _, name := range []string{"ana", "bo", "cy"} {
		all = append(all, "CN="+name+","+controllersStaff)
		first.Add(all[len(all)-1], "user", adsim.Attributes{"mail": {name + "@lab.example"}, "displayName": {name}})
	}
	first.Add("CN=Staff,"+controllersStaff, "group", adsim.Attributes{"member": all})
	var authorities strings.Builder
	for i := range count {
		at := first
		if i > 0 {
			at = d.domain.AddController()
			first.Replicate(at)
		}
		server, err := at.Server()
		ts.Check(err)
		ts.Defer(server.Close)
		d.servers = append(d.servers, server)
		authorities.Write(server.CA().PEM())
		ts.Setenv("DC"+strconv.Itoa(i+1), server.SecureURL())
	}
	ts.Check(os.WriteFile(ts.MkAbs("dc-ca.pem"), []byte(authorities.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("dc-password"), []byte("northern"), 0o600))
	return d
}
