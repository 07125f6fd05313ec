package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/list"
)

// keptList is a list of the file, as it is now.
type keptList struct {
	name string // of its source
	path string
	text []byte
	*list.Document
	settings *list.Settings
}

// readLists reads the lists of the configuration, or the one of a source.
func readLists(settings *config.Settings, only string) ([]keptList, error) {
	var all []keptList
	var names []string
	for _, s := range settings.Sources {
		kept, is := s.Config.(*list.Settings)
		if !is {
			continue
		}
		names = append(names, s.Name)
		if only != "" && only != s.Name {
			continue
		}
		l := keptList{name: s.Name, path: kept.File(settings.Dir), settings: kept}
		if err := l.read(); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	switch {
	case len(names) == 0:
		return nil, noList(settings)
	case len(all) == 0:
		return nil, exit.Usage(fmt.Errorf("--source %s: no list is called that", only), "the lists are "+strings.Join(names, ", "))
	}
	return all, nil
}

func (l *keptList) read() error {
	text, err := os.ReadFile(l.path)
	if err != nil {
		return exit.Failed(fmt.Errorf("source %s: %w", l.name, err), "a list without people says people: []")
	}
	document, problems := list.ReadDocument(text)
	if document == nil {
		var all exit.Several
		for _, p := range problems {
			all = append(all, exit.Usage(fmt.Errorf("%s:%d:%d: %s", l.path, max(p.Line, 1), max(p.Column, 1), p.Text), p.Hint))
		}
		return all
	}
	l.text, l.Document = text, document
	return nil
}

// noList says what to write where no list is.
func noList(settings *config.Settings) error {
	return exit.Usage(fmt.Errorf("%s has no source of type list, which is where people are kept by hand", settings.File),
		"write this into it, and people: [] into people-by-hand.yaml beside it:\n\n"+
			"sources:\n  by_hand:\n    type: list\n    path: people-by-hand.yaml\n    emails: any\n    may_grant: [NAMES OF GROUPS]\n\n"+
			"people:\n  attributes_from: [YOUR DIRECTORIES, by_hand]\n\n"+listedRule("by_hand"))
}

// listedRule is the rule by which a list gives something.
func listedRule(source string) string {
	return "rules:\n  - name: " + source + "\n    from: {source: " + source + ", everyone: true}\n    grant_listed: true\n"
}

// listOf returns the list that somebody is in.
func (k *keeping) listOf(who string) (*keptList, error) {
	var in []string
	var found *keptList
	for i := range k.lists {
		if _, ok := k.lists[i].Find(who); ok {
			in, found = append(in, k.lists[i].name), &k.lists[i]
		}
	}
	switch len(in) {
	case 1:
		return found, nil
	case 0:
		return nil, k.untouched(exit.Failed(fmt.Errorf("%s: %w", who, list.ErrNotListed), "kisi-sync users list says who is; a directory's people are changed there"))
	}
	return nil, exit.Usage(fmt.Errorf("%s is in %s", who, strings.Join(in, " and ")), "say which one: --source "+in[0])
}
