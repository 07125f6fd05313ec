package scimpeer

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// Token is what every server of this package wants as a bearer token; with something behind it, it is that of another directory on the same
// server. It guards nothing.
const Token = "peer-token"

// Server is a running scimmy, empty at first.
type Server struct {
	URL string // "http://127.0.0.1:port/scim", without a slash at the end
}

// Start runs a service provider until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	folder := modules(t)
	options, err := json.Marshal(map[string]string{"token": Token})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", script(t, "server.cjs"), folder, string(options))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // its input's end is its own end
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("scimmy did not start: %q, %v\n%s", line, err, said.String())
	}
	return &Server{URL: "http://127.0.0.1:" + port + "/scim"}
}
