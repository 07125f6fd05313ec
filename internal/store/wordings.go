package store

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/kisi-sync/kisi-sync/mapping"
)

// wordingDocument is where the wordings of rules are: a document under a name that no source can have.
const wordingDocument = "(rules)"

// Wordings that are not in use are kept for people only: losing them costs a sentence in a plan.
const (
	wordingsOfARule = 16
	wordingsAtAll   = 1000
)

// Wordings returns what rules said, also earlier ones, newest last.
func (s *Store) Wordings(ctx context.Context) (all []mapping.Wording, err error) {
	text, err := s.Documents(wordingDocument).Get(ctx, "wordings")
	if err != nil || text == nil {
		return nil, err
	}
	if json.Unmarshal(text, &all) != nil {
		return nil, damaged(documentBucket, []byte(wordingDocument))
	}
	return all, nil
}

// SaveWordings remembers what the rules of the file in use say, sorted by rule, beside what rules said before. When nothing differs,
// nothing is written.
func (s *Store) SaveWordings(ctx context.Context, now []mapping.Wording) error {
	old, err := s.Wordings(ctx)
	if err != nil {
		return err
	}
	all := withWordings(old, now)
	if reflect.DeepEqual(old, all) || len(old)+len(all) == 0 {
		return nil
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return s.Documents(wordingDocument).Put(ctx, "wordings", text)
}

// withWordings returns the earlier wordings that are still worth keeping, followed by those of now.
func withWordings(old, now []mapping.Wording) []mapping.Wording {
	var kept []mapping.Wording
	of := map[string]int{}
	for _, w := range slices.Backward(old) {
		same := func(n mapping.Wording) bool { return n.Of == w.Of && n.Rule == w.Rule && n.Mark == w.Mark }
		name, most := w.Of+"\x00"+w.Rule, wordingsOfARule
		if w.Of != "" {
			most = 1 // no right is given by it
		}
		if slices.ContainsFunc(now, same) || of[name] == most || len(kept) == wordingsAtAll {
			continue
		}
		of[name]++
		w.InUse = false
		kept = append(kept, w)
	}
	slices.Reverse(kept)
	return append(kept, now...)
}
