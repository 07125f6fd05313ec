package googlesim

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/kisi-sync/kisi-sync/internal/sim/simhttp"
)

// Contract is Google's discovery document of the Directory API. A nil one finds fault with nothing.
type Contract struct {
	methods map[string]discovered
	schemas map[string]schema
	common  map[string]parameter
}

type discovered struct {
	ID         string
	Scopes     []string
	Parameters map[string]parameter
	Response   struct {
		Ref string `json:"$ref"`
	}
}

type parameter struct {
	Type, Location, Pattern, Minimum, Maximum string
	Enum                                      []string
	Required, Repeated                        bool
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type, Format         string
	Properties           map[string]schema
	Items                *schema
	AdditionalProperties *schema
}

type resource struct {
	Methods   map[string]discovered
	Resources map[string]resource
}

// ReadContract reads a discovery document, admin-api.json of the module google.golang.org/api.
func ReadContract(path string) (*Contract, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the discovery document: %w", err)
	}
	var document struct {
		resource
		Schemas    map[string]schema
		Parameters map[string]parameter
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	c := &Contract{methods: map[string]discovered{}, schemas: document.Schemas, common: document.Parameters}
	c.collect(document.resource)
	return c, nil
}

func (c *Contract) collect(r resource) {
	for _, m := range r.Methods {
		c.methods[m.ID] = m
	}
	for _, below := range r.Resources {
		c.collect(below)
	}
}

// Hold has every further request and answer held against the document; what does not fit is complained of.
func (s *Sim) Hold(c *Contract) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contract = c
}

// request complains of parameters that the method does not have, or not so.
func (c *Contract) request(front *simhttp.Front, method string, r *http.Request) {
	if c == nil {
		return
	}
	m, ok := c.methods[method]
	if !ok {
		front.Complain("%s: the document has no such method", method)
		return
	}
	for name, values := range r.URL.Query() {
		p, ok := m.Parameters[name]
		if !ok {
			p, ok = c.common[name]
		}
		switch {
		case !ok || p.Location != "query":
			front.Complain("%s: the document has no parameter %s", method, name)
		case len(values) > 1 && !p.Repeated:
			front.Complain("%s: %s is given %d times", method, name, len(values))
		default:
			for _, value := range values {
				if what := p.against(value); what != "" {
					front.Complain("%s: %s=%q %s", method, name, value, what)
				}
			}
		}
	}
	for name, p := range m.Parameters {
		if p.Required && p.Location == "path" && r.PathValue(name) == "" {
			front.Complain("%s: %s is missing", method, name)
		}
	}
}

// against says what is wrong with a value, "" when nothing is.
func (p parameter) against(value string) string {
	if p.Enum != nil && !slices.Contains(p.Enum, value) {
		return "is none of " + fmt.Sprint(p.Enum)
	}
	if p.Pattern != "" && !regexp.MustCompile("^(?:"+p.Pattern+")$").MatchString(value) {
		return "does not match " + p.Pattern
	}
	switch p.Type {
	case "boolean":
		if value != "true" && value != "false" {
			return "is no boolean"
		}
	case "integer":
		n, err := strconv.ParseInt(value, 10, 64)
		low, noLow := strconv.ParseInt(p.Minimum, 10, 64)
		high, noHigh := strconv.ParseInt(p.Maximum, 10, 64)
		if err != nil || noLow == nil && n < low || noHigh == nil && n > high {
			return "is out of range"
		}
	}
	return ""
}

// answer complains of a body that is not what the document says; of fields that were left out by a selection it does not.
func (c *Contract) answer(front *simhttp.Front, method string, body any) {
	if c == nil {
		return
	}
	var plain any
	text, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(text, &plain)
	}
	if err != nil {
		front.Complain("%s: the answer cannot be written: %v", method, err)
		return
	}
	c.check(front, method, schema{Ref: c.methods[method].Response.Ref}, plain)
}

func (c *Contract) check(front *simhttp.Front, where string, s schema, value any) {
	if s.Ref != "" {
		s = c.schemas[s.Ref]
	}
	good := true
	switch s.Type {
	case "object":
		fields, ok := value.(map[string]any)
		good = ok
		for name, one := range fields {
			below, known := s.Properties[name]
			if !known && s.AdditionalProperties != nil {
				below, known = *s.AdditionalProperties, true
			}
			if !known {
				front.Complain("%s: the document has no field %s", where, name)
				continue
			}
			c.check(front, where+"."+name, below, one)
		}
	case "array":
		list, ok := value.([]any)
		good = ok && s.Items != nil
		for i := range list {
			c.check(front, where+"[]", *s.Items, list[i])
		}
	case "string":
		_, good = value.(string)
	case "boolean":
		_, good = value.(bool)
	case "integer":
		n, ok := value.(float64)
		good = ok && n == math.Trunc(n)
	case "number":
		_, good = value.(float64)
	}
	if !good {
		front.Complain("%s: %v is no %s", where, value, s.Type)
	}
}
