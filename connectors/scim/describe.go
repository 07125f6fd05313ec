package scim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/kisi-sync/kisi-sync/internal/scim"
)

func number(name string, n int) scim.Field {
	return scim.Field{Name: name, Value: json.Number(strconv.Itoa(n))}
}

// describe answers what there is (RFC 7644 section 4).
func (h *handler) describe(q *request, what, id string) (answer, error) {
	switch {
	case !isGet(q.Method):
		return answer{}, &scim.Error{Status: http.StatusMethodNotAllowed, Detail: "this can only be read"}
	case q.URL.Query().Get("filter") != "":
		return answer{}, &scim.Error{Status: http.StatusForbidden, Detail: "this cannot be searched"}
	case what == "ServiceProviderConfig" && id == "":
		return found(h.offered(q)), nil
	}
	all, err := h.types(q), error(nil)
	if what == "Schemas" {
		all, err = h.schemas(q)
	}
	if err != nil || id == "" {
		return found(listOf(all)), err
	}
	for _, one := range all {
		if o := one.(*scim.Object); strings.EqualFold(o.Text("id"), id) {
			return found(o), nil
		}
	}
	return answer{}, &scim.Error{Status: http.StatusNotFound, Detail: "there is nothing of this name"}
}

func found(r scim.Resource) answer { return answer{status: http.StatusOK, body: r} }

func listOf(all []any) scim.Resource {
	return scim.NewObject(scim.Field{Name: "schemas", Value: []any{scim.ListSchema}}, number("totalResults", len(all)),
		number("itemsPerPage", len(all)), number("startIndex", 1), scim.Field{Name: "Resources", Value: all})
}

// object makes an object of names and values in turn.
func object(pairs ...any) *scim.Object {
	var fields []scim.Field
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, scim.Field{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return scim.NewObject(fields...)
}

func supported(is bool) *scim.Object { return object("supported", is) }

// offered says what is offered (RFC 7643 section 5).
func (h *handler) offered(q *request) scim.Resource {
	numbered := func(is bool, fields ...scim.Field) *scim.Object {
		o := supported(is)
		for _, f := range fields {
			o = o.With(f.Name, f.Value)
		}
		return o
	}
	return object("schemas", []any{scim.ConfigSchema},
		"patch", supported(true),
		"bulk", numbered(false, number("maxOperations", 0), number("maxPayloadSize", 0)),
		"filter", numbered(true, number("maxResults", mostCount)),
		"changePassword", supported(false), "sort", supported(false), "etag", supported(false),
		"authenticationSchemes", []any{object("type", "oauthbearertoken", "name", "Bearer token",
			"description", "A token of kisi-sync scim token create, sent as Authorization: Bearer TOKEN (RFC 6750).",
			"specUri", "https://www.rfc-editor.org/info/rfc6750", "primary", true)},
		"meta", object("resourceType", "ServiceProviderConfig", "location", q.base+"/ServiceProviderConfig"))
}

// types lists the types of resources (RFC 7643 section 6).
func (h *handler) types(q *request) (all []any) {
	for _, k := range []*kind{h.users, h.groups} {
		t := object("schemas", []any{scim.TypeSchema}, "id", k.name, "name", k.name, "description", k.typ.Core.Description,
			"endpoint", k.path, "schema", k.typ.Core.ID)
		var extensions []any
		for _, e := range k.typ.Extensions {
			extensions = append(extensions, object("schema", e.ID, "required", false))
		}
		if extensions != nil {
			t = t.With("schemaExtensions", extensions)
		}
		all = append(all, t.With("meta", object("resourceType", "ResourceType", "location", q.base+"/ResourceTypes/"+k.name)))
	}
	return all
}

// schemas lists the schemas of both types (RFC 7643 section 7).
func (h *handler) schemas(q *request) (all []any, err error) {
	for _, k := range []*kind{h.users, h.groups} {
		for _, s := range append([]scim.Schema{k.typ.Core}, k.typ.Extensions...) {
			data, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			o, err := scim.Decode(data, scim.DefaultLimits())
			if err != nil {
				return nil, err
			}
			all = append(all, o.With("schemas", []any{scim.SchemaSchema}).
				With("meta", object("resourceType", "Schema", "location", q.base+"/Schemas/"+s.ID)))
		}
	}
	return all, nil
}
