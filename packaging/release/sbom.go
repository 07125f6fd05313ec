package main

import (
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// The bill of materials is CycloneDX 1.5 in JSON. Its lists say what is in the program by what the program says of itself, so it
// can be checked with `go version -m`.
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Serial       string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Scope      string     `json:"scope,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Licences   []licence  `json:"licenses,omitempty"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licence struct {
	Licence licenceID `json:"license"`
}

type licenceID struct {
	ID string `json:"id"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref  string   `json:"ref"`
	Uses []string `json:"dependsOn,omitempty"`
}

// billOfMaterials writes what a program is made of.
func (r *release) billOfMaterials(t target, program string, licences map[string]string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("read what the program is made of: %w", err)
	}
	sum, err := sha256Of(program)
	if err != nil {
		return err
	}
	b := bill{Format: "CycloneDX", Spec: "1.5", Serial: serial(sum), Version: 1}
	b.Metadata.Timestamp = r.moment.Format(time.RFC3339)
	b.Metadata.Component = newComponent("application", info.Main.Path, "v"+r.version, "Apache-2.0")
	b.Metadata.Component.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "GO") || s.Key == "CGO_ENABLED" {
			b.Metadata.Component.Properties = append(b.Metadata.Component.Properties, property{"kisi-sync:build:" + s.Key, s.Value})
		}
	}
	b.Components = append(b.Components, newComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go"), licences["std"]))
	for _, dep := range info.Deps {
		b.Components = append(b.Components, newComponent("library", dep.Path, dep.Version, licences[dep.Path]))
	}
	b.Dependencies = []dependency{{Ref: b.Metadata.Component.Ref}}
	for _, c := range b.Components {
		if len(c.Licences) == 0 {
			return fmt.Errorf("the licence of %s is not known", c.Name)
		}
		b.Dependencies[0].Uses = append(b.Dependencies[0].Uses, c.Ref)
		b.Dependencies = append(b.Dependencies, dependency{Ref: c.Ref})
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.name(t, ".cdx.json"), append(text, '\n'), 0o644)
}

func newComponent(kind, name, version, licenceName string) component {
	purl := "pkg:golang/" + name + "@" + version
	c := component{Ref: purl, Type: kind, Name: name, Version: version, PURL: purl}
	if kind == "library" {
		c.Scope = "required"
	}
	if licenceName != "" {
		c.Licences = []licence{{licenceID{licenceName}}}
	}
	return c
}

// serial makes the number of a bill of materials: a UUID of version 8, made of the hash of the program that it is about.
func serial(sum []byte) string {
	id := append([]byte(nil), sum[:16]...)
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
