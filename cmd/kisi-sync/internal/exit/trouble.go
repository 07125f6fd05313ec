package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/kisi"
	"github.com/kisi-sync/kisi-sync/internal/pacer"
	"github.com/kisi-sync/kisi-sync/internal/secret"
	"github.com/kisi-sync/kisi-sync/internal/store"
	"github.com/kisi-sync/kisi-sync/mapping"
)

// Trouble is an error as people read it: what is so, and what to do next, one thing a line.
type Trouble struct {
	Text  string   // one line, lower case, which names the place
	Hints []string // none, or one and more
}

// Unread is a source that could not be read. What to do about it is what its connector says, and then that nothing is lost.
type Unread struct {
	Err error // never nil
}

func (u *Unread) Error() string { return u.Err.Error() }

func (u *Unread) Unwrap() error { return u.Err }

// Stays is the hint that goes with each unread.
const Stays = "nothing of it is removed; what is known of it stays as it is"

// Troubles takes an error apart, in the order in which it was put together. Of nil, and of an Error that has said everything, there is none.
func Troubles(err error) []Trouble {
	var all Several
	var problems *config.Problems
	var u *Unread
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &all):
		var list []Trouble
		for _, one := range all {
			list = append(list, Troubles(one)...)
		}
		return list
	case errors.As(err, &e):
		list := Troubles(e.Err)
		if n := len(list); n > 0 && e.Hint != "" && !slices.Contains(list[n-1].Hints, e.Hint) {
			list[n-1].Hints = append(list[n-1].Hints, e.Hint)
		}
		return list
	case errors.As(err, &problems):
		return Problems(problems.List)
	case errors.As(err, &u):
		t := Explained(u.Err)
		t.Hints = append(t.Hints, Stays)
		return []Trouble{t}
	}
	return []Trouble{Explained(err)}
}

// Problems says what is wrong with the file, each with its line, in the order of the list.
func Problems(problems []config.Problem) []Trouble {
	list := make([]Trouble, len(problems))
	for i, p := range problems {
		text, _, _ := strings.Cut(p.String(), "\n")
		list[i] = newTrouble(text, p.Hint)
	}
	return list
}

func newTrouble(text, hint string) Trouble {
	t := Trouble{Text: OneLine(text)}
	if hint != "" {
		t.Hints = []string{hint}
	}
	return t
}

// OneLine keeps an error on the one line that it has. Some libraries end theirs with a colon and nothing behind it.
func OneLine(text string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ":")
}

// Explained finds words for an error that came without any of its own. The error must not be nil.
func Explained(err error) Trouble {
	var ofKisi *kisi.Error
	var hinted interface{ Hint() string }
	var bad *secret.Error
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		return newTrouble("interrupted", "")
	case errors.As(err, &bad):
		return newTrouble(cutHint(text, bad.Hint), bad.Hint)
	case errors.As(err, &hinted):
		return newTrouble(cutHint(text, hinted.Hint()), hinted.Hint())
	case errors.As(err, &ofKisi):
		return aboutKisi(err, ofKisi)
	}
	return newTrouble(strings.TrimPrefix(text, access.ErrStop.Error()+": "), hintFor(err))
}

// cutHint takes a hint away that an error has appended to its text.
func cutHint(text, hint string) string { return strings.TrimSuffix(text, "; "+hint) }

// hintFor says what to do about an error of ours that is known.
func hintFor(err error) string {
	switch text := err.Error(); {
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(text, "read configuration"):
		return "name your file with --config, start from config.example.yaml, or see kisi-sync demo"
	case errors.Is(err, fs.ErrPermission) && strings.HasPrefix(text, "state file"):
		return "kisi-sync remembers there what is its own: let its account write the file and its folder, or name another place with state:"
	case errors.Is(err, store.ErrUnwritable):
		return "kisi-sync does nothing that it cannot write down: make room on the disk of the state file, or mend it"
	case errors.Is(err, store.ErrLocked):
		return "one run at a time: wait until the other one has ended; a daemon that was just started answers when it has looked at its file"
	case errors.Is(err, store.ErrOther):
		return "use a state file of its own for each organization and installation (state: in the file)"
	case errors.Is(err, mapping.ErrNobody):
		return "write an e-mail address, a login name, a name or a part of one, or a key such as corp:4711"
	case errors.Is(err, mapping.ErrSeveral):
		return "write the whole address, or the key in parentheses"
	case errors.Is(err, access.ErrStop) && strings.Contains(text, "kisi.organization.domain"):
		return "write the domain of the key's organization, or use a key of the other one"
	}
	return ""
}

// aboutKisi says that it was Kisi, and what of it.
func aboutKisi(err error, k *kisi.Error) Trouble {
	doing, _, _ := strings.Cut(err.Error(), k.Error())
	what, hint := said(k), ""
	switch {
	case k.Status == http.StatusUnauthorized:
		what = "the API key is not accepted (" + said(k) + ")"
		hint = "make a new key under My account, API, and put it where kisi.api_key points"
	case k.Status == http.StatusForbidden:
		what = "the API key may not do this (" + said(k) + ")"
		hint = "the key's user must be an organization administrator; kisi-sync check lists what is missing"
	case k.Status == http.StatusTooManyRequests:
		hint = "give kisi-sync a Kisi user of its own: all programs of one user share five calls a second"
	case k.Status >= http.StatusInternalServerError:
		hint = "Kisi has trouble; nothing to be done here but to try later"
	case unreachable(k):
		hint = "see that this machine reaches Kisi"
	}
	return newTrouble("kisi: "+doing+what, hint)
}

// said is what a call was answered, without the words by which the program decides.
func said(k *kisi.Error) string {
	text := k.Method + " " + k.Path
	if k.Status != 0 {
		text += fmt.Sprintf(" answers %d", k.Status)
	}
	if k.Message != "" {
		return text + ": " + k.Message
	}
	if cause := causeOf(k); cause != "" {
		return text + ": " + cause
	}
	return text
}

func unreachable(k *kisi.Error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(k, &dns) || errors.As(k, &op) || errors.Is(k, context.DeadlineExceeded)
}

// causeOf returns what happened to a call below HTTP.
func causeOf(k *kisi.Error) string {
	var op *net.OpError
	var dns *net.DNSError
	all := k.Unwrap()
	switch {
	case errors.As(k, &dns):
		return dns.Error()
	case errors.As(k, &op):
		return op.Error()
	case errors.Is(k, context.DeadlineExceeded):
		return "no answer in time"
	case len(all) < 2: // the sentinel alone
		return ""
	}
	return strings.TrimPrefix(all[1].Error(), pacer.ErrNotSent.Error()+": ")
}
