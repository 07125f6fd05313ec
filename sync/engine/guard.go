package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/internal/directory"
)

// What is read is held against the most that was there lately. A directory that answers is not a directory that answers with
// everything: a lost permission, a replica that is still filling up or a changed filter all look like people who left.
const (
	guardWindow  = 7 * 24 * time.Hour
	guardPercent = 30 // more than this share missing is not believed
	guardFew     = 5  // but this many or fewer may be missing, so that small directories can shrink
)

// acceptKisi stands in Options.Accept for Kisi itself: what is missing there is believed, however much it is.
const acceptKisi = "kisi"

// doubt says why what is missing from a read is not believed, or "" when it is. What a source that is pushed to was told to be deleted is not
// missing: each is a request of its own, and limits weigh what comes of it.
func (e *Engine) doubt(s Source, r directory.Receipt, d directory.Diff, high directory.Counts) string {
	if e.o.Accept[s.Name] || s.Stated {
		return ""
	}
	if r.Gathering {
		d.After = d.After.Plus(d.Stated)
	}
	for _, w := range []weighed{
		{"people", d.Before.People, high.People, d.After.People},
		{"groups", d.Before.Groups, high.Groups, d.After.Groups},
		{"members", d.Before.Members, high.Members, d.After.Members},
	} {
		if text := w.doubt(); text != "" {
			return text
		}
	}
	for _, with := range d.Before.With {
		w := weighed{"people with " + with.Name, with.People, high.Having(with.Name), d.After.Having(with.Name)}
		if text := w.doubt(); text != "" {
			return text
		}
	}
	return ""
}

// withEdit adds to a doubt what somebody changed about the source in the file, which may be why. What the file said before and cannot be read
// now costs that sentence and nothing else.
func (e *Engine) withEdit(ctx context.Context, s Source, doubt string) string {
	if doubt == "" {
		return ""
	}
	worded, err := e.o.Store.Wordings(ctx)
	if err != nil {
		e.o.Log.Warn("what the file said before cannot be read", "err", err)
	}
	if edit := e.o.Rules.SourceEdit(worded, s.Name); edit != "" {
		doubt += "; " + edit
	}
	return doubt
}

// weighed is one number before, at most within the window, and now.
type weighed struct {
	what              string
	before, high, now int
}

func (w weighed) doubt() string {
	most := max(w.before, w.high)
	missing := most - w.now
	if w.now == 0 && w.before > 1 {
		return fmt.Sprintf("no %s any more, there were %d", w.what, w.before)
	}
	if missing > guardFew && missing*100 > most*guardPercent {
		return fmt.Sprintf("%d %s, there were %d", w.now, w.what, most)
	}
	return ""
}

// unseen says why an observation is not believed: it shows far fewer of the people and rights that are ours than we know of, as a
// key does that lost its rights. allowed is how many may be missing in any case. What was missing before is no news.
func unseen(ledger *access.Ledger, s *access.State, allowed int) error {
	var people, missingPeople, rights, missingRights int
	for i := range ledger.Accounts {
		a := &ledger.Accounts[i]
		if a.Link.Level == access.Foreign || isGone(&a.Known) || !s.CoversMember(a.Known.ID, "") {
			continue
		}
		people++
		m, ok := s.Member(a.Known.ID)
		if !ok {
			missingPeople++
			continue
		}
		for k := range a.Owned {
			if len(a.Known.In(a.Owned[k].Group)) == 0 || !m.Enabled { // whom we suspended may have lost the rights by that
				continue
			}
			rights++
			if len(m.In(a.Owned[k].Group)) == 0 {
				missingRights++
			}
		}
	}
	allowed = max(allowed, guardFew)
	if missingPeople > allowed || people > 1 && missingPeople == people {
		return fmt.Errorf("%d of the %d people whom kisi-sync manages are missing from what Kisi shows; nothing is done, because "+
			"an API key that lost rights sees the same; if they were deleted on purpose, run once with --accept kisi", missingPeople, people)
	}
	if missingRights > allowed && missingRights*100 > rights*guardPercent || rights > 1 && missingRights == rights {
		return fmt.Errorf("%d of the %d access rights that kisi-sync gave are missing from what Kisi shows; nothing is done, because "+
			"an API key that lost rights sees the same; if they were taken away on purpose, run once with --accept kisi", missingRights, rights)
	}
	return nil
}
