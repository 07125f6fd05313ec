package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/voice"
	"github.com/kisi-sync/kisi-sync/connectors/list"
	"github.com/kisi-sync/kisi-sync/internal/email"
)

// mostPeople is how many people one command may be about; more belong into a file of their own.
const mostPeople = 1000

// people returns who is meant: by the arguments, or by the lines of the standard input. A daemon that carries the command line out has no
// standard input, so lines are put behind the arguments before it is asked.
func (u *call) people(args []string) ([]list.Person, error) {
	if len(args) == 0 {
		lines, err := u.inputLines()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(u.args, "--") {
			u.args = append(slices.Clone(u.args), "--")
		}
		u.args = append(u.args, lines...)
		args = lines
	}
	var all []list.Person
	for _, text := range args {
		p, err := personOf(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o list.Person) bool { return email.Fold(o.Email) == email.Fold(p.Email) }) {
			return nil, exit.Usage(fmt.Errorf("%s is there twice", p.Email), "nothing was done")
		}
		all = append(all, p)
	}
	switch {
	case len(all) == 0:
		return nil, exit.Usage(errors.New("nobody is named"), "write EMAIL or EMAIL,Name, or one of these per line on standard input")
	case len(all) > mostPeople:
		return nil, exit.Usage(fmt.Errorf("%d people are more than %d at once", len(all), mostPeople), "write them into the list yourself, or keep them in a source of type csv")
	}
	return all, nil
}

// inputLines reads people from the standard input: lines that are empty or begin with # are none, nor is a head that says email.
func (u *call) inputLines() ([]string, error) {
	if u.from != nil || u.In == nil || voice.IsTerminal(os.Stdin) {
		return nil, exit.Usage(errors.New("nobody is named"), "write EMAIL or EMAIL,Name, or one of these per line on standard input")
	}
	var lines []string
	in := bufio.NewScanner(io.LimitReader(u.In, 1<<20))
	for in.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(in.Text(), "\ufeff"))
		head, _, _ := strings.Cut(line, ",")
		if line != "" && line[0] != '#' && !strings.EqualFold(unquoted(head), "email") {
			lines = append(lines, line)
		}
	}
	return lines, in.Err()
}

// unquoted is what stands between quotation marks, as tables have it, or else the text.
func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if inner, err := strconv.Unquote(text); err == nil && strings.HasPrefix(text, `"`) {
		text = strings.TrimSpace(inner)
	}
	return text
}

// personOf reads EMAIL or EMAIL,Name. Either may stand in quotation marks.
func personOf(text string) (list.Person, error) {
	address, name, _ := strings.Cut(text, ",")
	address, name = unquoted(address), unquoted(name)
	if problem := email.Problem(address); problem != "" {
		return list.Person{}, exit.Usage(fmt.Errorf("%q: %s", address, problem), "write EMAIL or EMAIL,Name; nothing was done")
	}
	return list.Person{Email: address, Name: name}, nil
}
