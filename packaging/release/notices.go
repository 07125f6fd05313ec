package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// module is somebody else's work that is in the program.
type module struct {
	path, version, dir string
	texts              []string // of its licence and notice files
}

const noticesFile = "packaging/THIRD_PARTY_NOTICES"

const noticesHead = `THIRD PARTY NOTICES

kisi-sync is licensed under the Apache License, Version 2.0; see LICENSE. Its program contains the works below, under the
licences of their authors. Made by: go run ./packaging/release notices

Works under the Mozilla Public License, version 2.0 (MPL-2.0) are unchanged; their source can be had as the Go module of the path
and version that stand beside each.
`

// writeNotices writes the notices anew.
func writeNotices(ctx context.Context, root string) error {
	text, err := notices(ctx, root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, noticesFile), []byte(text), 0o644)
}

// notices returns the licences of everything that is in the program on any system.
func notices(ctx context.Context, root string) (string, error) {
	modules, err := modulesOf(ctx, root)
	if err != nil {
		return "", err
	}
	var list, texts strings.Builder
	for _, m := range modules {
		kind := m.licence()
		if kind == "" {
			return "", fmt.Errorf("%s %s: its licence is not one that is known here; look at it, then teach licenceKinds", m.path, m.version)
		}
		fmt.Fprintf(&list, "  %-46s %-24s %s\n", m.path, m.version, kind)
		fmt.Fprintf(&texts, "\n%s\n%s %s\n\n", strings.Repeat("-", 100), m.path, m.version)
		for _, text := range m.texts {
			texts.WriteString(strings.TrimRight(text, "\n ") + "\n")
		}
	}
	return noticesHead + "\n" + list.String() + texts.String(), nil
}

// licencesOf returns the SPDX name of the licence of each module of the program; the standard library is "std".
func licencesOf(ctx context.Context, root string) (map[string]string, error) {
	modules, err := modulesOf(ctx, root)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for _, m := range modules {
		kinds[m.path] = m.licence()
	}
	return kinds, nil
}

// modulesOf returns the modules that are in the program on any of the systems, sorted by path, after the standard library.
func modulesOf(ctx context.Context, root string) ([]module, error) {
	found := map[string]module{}
	for _, t := range targets() {
		const format = `{{with .Module}}{{if not .Main}}{{.Path}}	{{.Version}}	{{.Dir}}{{end}}{{end}}`
		list, err := output(ctx, root, t.environment(), "go", "list", "-deps", "-f", format, "./cmd/kisi-sync")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(list) {
			if part := strings.Split(strings.TrimSpace(line), "\t"); len(part) == 3 {
				found[part[0]] = module{path: part[0], version: part[1], dir: part[2]}
			}
		}
	}
	goRoot, err := output(ctx, root, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	// Without its version: the notices would be stale with each new Go, and its licence stays the same.
	all := []module{{path: "std", version: "(Go standard library)", dir: goRoot}}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	for i := range all {
		if err := all[i].read(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// read reads the licence and notice files of a module.
func (m *module) read() error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return fmt.Errorf("%s: %w", m.path, err)
	}
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		if entry.IsDir() || !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, func(begin string) bool { return strings.HasPrefix(name, begin) }) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(m.dir, entry.Name()))
		if err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		m.texts = append(m.texts, strings.ReplaceAll(string(raw), "\r\n", "\n"))
	}
	if len(m.texts) == 0 {
		return fmt.Errorf("%s %s has no licence file; it must not be in the program", m.path, m.version)
	}
	return nil
}

// licenceKinds are the licences that may be in the program, by the sentences that only they have. The longer come first: BSD-3-Clause
// says all that BSD-2-Clause says.
func licenceKinds() [][]string {
	return [][]string{
		{"Apache-2.0", "Apache License", "Version 2.0, January 2004"},
		{"BSD-3-Clause", "Redistribution and use in source and binary forms", "Neither the name"},
		{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
		{"MIT", "Permission is hereby granted, free of charge", "THE SOFTWARE IS PROVIDED \"AS IS\""},
		{"MPL-2.0", "Mozilla Public License, version 2.0"},
		{"ISC", "Permission to use, copy, modify, and/or distribute this software"},
	}
}

// licence returns the SPDX name of a module's licence, or "" when it is none of those that may be in the program. A module with
// two licences is named by the first of licenceKinds; the notices have all texts.
func (m *module) licence() string {
	all := strings.Join(strings.Fields(strings.Join(m.texts, " ")), " ")
	for _, kind := range licenceKinds() {
		if !slices.ContainsFunc(kind[1:], func(sentence string) bool { return !strings.Contains(all, sentence) }) {
			return kind[0]
		}
	}
	return ""
}
