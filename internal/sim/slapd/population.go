package slapd

import (
	"bufio"
	"fmt"
	"io"
)

// A Population is a made-up company of any size, the same for the same numbers. Hand its Write to Options.Load.
type Population struct {
	People int
	// Groups are groupOfNames, each with Members people (fewer if there are not so many).
	Groups, Members int
	// Nested makes every Nested-th group also a member of the group before it; 0 means none.
	Nested int
}

// PersonDN and GroupDN name the n-th entry, counting from 0.
func PersonDN(n int) string { return fmt.Sprintf("uid=p%07d,%s", n, PeopleDN) }

// GroupDN names the n-th group, counting from 0.
func GroupDN(n int) string { return fmt.Sprintf("cn=g%05d,%s", n, GroupsDN) }

// Write streams the company as LDIF. Memory stays small whatever the numbers.
func (p Population) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	for n := range p.People {
		writePerson(b, n)
	}
	for n := range p.Groups {
		p.writeGroup(b, n)
	}
	return b.Flush() // reports the first error of all the writes above
}

func writePerson(w io.Writer, n int) {
	fmt.Fprintf(w, `dn: %s
objectClass: inetOrgPerson
uid: p%07[2]d
cn: Person Number %[2]d
givenName: Person
sn: Number %[2]d
displayName: Person Number %[2]d
mail: p%07[2]d@example.com
employeeNumber: %[2]d
employeeType: %[3]s
departmentNumber: %[4]d
telephoneNumber: +49 30 %07[2]d

`, PersonDN(n), n, []string{"employee", "contractor"}[n%10/9], n%97)
}

// writeGroup spreads members evenly: 7919 is prime, so consecutive members of a group are far apart.
func (p Population) writeGroup(w io.Writer, n int) {
	fmt.Fprintf(w, "dn: %s\nobjectClass: groupOfNames\ncn: g%05d\n", GroupDN(n), n)
	for m := range min(p.Members, p.People) {
		fmt.Fprintf(w, "member: %s\n", PersonDN(p.member(n, m)))
	}
	if p.Nested > 0 && (n+1)%p.Nested == 0 && n+1 < p.Groups {
		fmt.Fprintf(w, "member: %s\n", GroupDN(n+1))
	}
	io.WriteString(w, "\n")
}

// member is the m-th member of group n. Within a group all differ as long as the stride and People share no divisor.
func (p Population) member(n, m int) int {
	stride := 7919
	if p.People%stride == 0 {
		stride = 1
	}
	return (n*p.Members + m*stride) % p.People
}
