package support

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/email"
)

// pseudonyms replaces people in texts: everywhere the same pseudonym for the same person, and another one in each archive, so that two
// archives cannot be laid side by side.
type pseudonyms struct {
	key   []byte
	names map[string]string // name → pseudonym
	said  map[string]string // pseudonym → address or name
	fold  *strings.Replacer // of names; nil until it is needed
}

func newPseudonyms() (*pseudonyms, error) {
	p := &pseudonyms{key: make([]byte, sha256.Size), names: map[string]string{}, said: map[string]string{}}
	_, err := rand.Read(p.key)
	return p, err
}

// of returns the pseudonym of somebody by what comes before the @ of the address, or by the name of somebody without one.
func (p *pseudonyms) of(local string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(strings.ToLower(local)))
	return "person-" + hex.EncodeToString(mac.Sum(nil)[:4])
}

// know has a person's name replaced by the pseudonym of the address. A name of one short word is left: it would be found inside
// others.
func (p *pseudonyms) know(address, name string) {
	local, _, _ := strings.Cut(email.Fold(address), "@")
	if name = strings.TrimSpace(name); len(name) < 4 || strings.EqualFold(name, local) && !strings.Contains(name, " ") {
		return
	}
	pseudonym := p.of(cmp.Or(local, name))
	p.names[name], p.said[pseudonym], p.fold = pseudonym, address+"\t"+name, nil
}

// replace returns the text without the people in it: addresses, the names that are known, and user ids in distinguished names.
func (p *pseudonyms) replace(text string) string {
	address := regexp.MustCompile(`[\p{L}\p{N}._%+'\-]+@[\p{L}\p{N}\-]+(\.[\p{L}\p{N}\-]+)+`)
	text = address.ReplaceAllStringFunc(text, func(found string) string {
		local, domain, _ := strings.Cut(found, "@")
		pseudonym := p.of(local)
		if p.said[pseudonym] == "" {
			p.said[pseudonym] = found
		}
		return pseudonym + "@" + domain
	})
	if p.fold == nil {
		p.fold = p.replacer()
	}
	text = p.fold.Replace(text)
	userID := regexp.MustCompile(`(?i)\b(uid|sAMAccountName)=([^,"\\ ]+)`)
	return userID.ReplaceAllStringFunc(text, func(found string) string {
		attribute, id, _ := strings.Cut(found, "=")
		return attribute + "=" + p.of(id)
	})
}

// replacer replaces longer names before shorter ones that they hold.
func (p *pseudonyms) replacer() *strings.Replacer {
	names := slices.SortedFunc(maps.Keys(p.names), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, name, p.names[name])
	}
	return strings.NewReplacer(pairs...)
}

// table says who is who, for the one who made the archive.
func (p *pseudonyms) table() string {
	var out strings.Builder
	for _, pseudonym := range slices.Sorted(maps.Keys(p.said)) {
		fmt.Fprintf(&out, "%s\t%s\n", pseudonym, p.said[pseudonym])
	}
	return out.String()
}
