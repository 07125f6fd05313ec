package entrasim

import (
	"net/http"
	"strconv"
	"strings"
)

// virtualMachine is the identity endpoint of a machine in Azure. The machine's identity is the first application that has the id asked for, or the one
// whose name is "machine".
func (s *Sim) virtualMachine(w http.ResponseWriter, r *http.Request) {
	switch q := r.URL.Query(); {
	case r.Header.Get("Metadata") != "true":
		answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Required metadata header not specified"})
	case q.Get("api-version") != "2018-02-01" && q.Get("api-version") != "2019-11-01":
		answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Required query variable 'api-version' is missing"})
	default:
		s.identify(w, r)
	}
}

// appService is that of App Service, which gives its address and a header to the application in its environment.
func (s *Sim) appService(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-IDENTITY-HEADER") != s.IdentityHeader || r.URL.Query().Get("api-version") != "2019-08-01" {
		answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "the header or the version is not what it should be"})
		return
	}
	s.identify(w, r)
}

// Arc makes the endpoint /arc/token, as Azure Arc has it: whoever asks is sent to a file that only the machine's own services can read. IdentityHeader must
// be in it. Call it before the first call to the simulator.
func (s *Sim) Arc(file string) {
	s.Handle("GET /arc/token", func(w http.ResponseWriter, r *http.Request) {
		_, proof, _ := strings.Cut(r.Header.Get("Authorization"), "Basic ")
		switch {
		case r.Header.Get("Metadata") != "true" || r.URL.Query().Get("api-version") != "2019-11-01":
			answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "the header or the version is not what it should be"})
		case proof != s.IdentityHeader:
			w.Header().Set("WWW-Authenticate", "Basic realm="+file)
			answer(w, 401, map[string]any{"error": "unauthorized"})
		default:
			s.identify(w, r)
		}
	})
}

func (s *Sim) identify(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if resource := r.URL.Query().Get("resource"); resource != s.origin {
		answer(w, 400, map[string]any{"error": "invalid_resource", "error_description": "AADSTS500011: The resource principal named " + resource + " was not found in the tenant"})
		return
	}
	id := r.URL.Query().Get("client_id")
	for _, app := range s.apps {
		if app.ClientID != id && (id != "" || app.Name != "machine") {
			continue
		}
		text, seconds := s.accessToken(app)
		on := s.options.Now().Unix() + int64(seconds)
		answer(w, 200, map[string]any{"access_token": text, "expires_in": strconv.Itoa(seconds), "expires_on": strconv.FormatInt(on, 10), "resource": s.origin, "token_type": "Bearer"})
		return
	}
	answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Identity not found"})
}
