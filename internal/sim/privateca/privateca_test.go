package privateca

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
)

func TestAStrictClientAcceptsOnlyAFittingCertificate(t *testing.T) {
	ours, err := New("ours")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := New("theirs")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		leaf  Leaf
		trust *Authority
		want  any
	}{
		{"for this machine", Leaf{}, ours, nil},
		{"for another host", Leaf{Hosts: []string{"dc1.example.com"}}, ours, new(x509.HostnameError)},
		{"out of date", Leaf{Expired: true}, ours, new(x509.CertificateInvalidError)},
		{"of an unknown authority", Leaf{}, theirs, new(x509.UnknownAuthorityError)},
	} {
		t.Run(c.name, func(t *testing.T) {
			pair, err := ours.Issue(c.leaf)
			if err != nil {
				t.Fatal(err)
			}
			err = handshake(t, pair, c.trust)
			if c.want == nil && err != nil || c.want != nil && !errors.As(err, c.want) {
				t.Errorf("handshake says %v, want %T", err, c.want)
			}
		})
	}
}

func handshake(t *testing.T, pair *Pair, trust *Authority) error {
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		if c, err := l.Accept(); err == nil {
			_ = c.(*tls.Conn).Handshake() // the client's verdict is the one under test
			c.Close()
		}
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: trust.Pool(), ServerName: "localhost"})
	if err == nil {
		c.Close()
	}
	<-served
	return err
}
