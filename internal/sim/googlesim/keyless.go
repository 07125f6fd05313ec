package googlesim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// WorkloadToken is the token of another identity provider that the Sim's workload identity pool trusts.
const WorkloadToken = "workload-token"

// exchange is the Security Token Service: another provider's token becomes one of Google's (RFC 8693). It is good for signJwt alone.
func (s *Sim) exchange(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" {
		(&denied{400, "invalid_request", "Invalid token exchange request."}).write(w)
		return
	}
	if r.PostForm.Get("subject_token") != WorkloadToken {
		invalidGrant("The subject token is not valid for the workload identity pool.").write(w)
		return
	}
	token := s.issue(&grant{subject: "principal://pool", scopes: strings.Fields(r.PostForm.Get("scope"))})
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer", "expires_in": 3600})
}

// signJWT is projects.serviceAccounts.signJwt of the IAM Credentials API: Google signs with a key that nobody sees.
func (s *Sim) signJWT(w http.ResponseWriter, r *http.Request) {
	account, isSign := strings.CutSuffix(r.PathValue("account"), ":signJwt")
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	var body struct{ Payload string }
	if g := s.access.tokens[bearer]; g == nil || g.subject != "principal://pool" {
		(&failure{status: 403, reason: "forbidden", message: "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist)."}).write(w)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !isSign {
		badRequest("Invalid JSON payload").write(w)
		return
	}
	for id, k := range s.access.keys {
		if k.account != account {
			continue
		}
		head := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"alg":"RS256","kid":%q,"typ":"JWT"}`, id)))
		text := head + "." + base64.RawURLEncoding.EncodeToString([]byte(body.Payload))
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err) // the key was made here
		}
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(map[string]string{"keyId": id, "signedJwt": text + "." + base64.RawURLEncoding.EncodeToString(signature)})
		return
	}
	notFound("serviceAccount").write(w)
}
