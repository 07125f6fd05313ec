package scimpeer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Token is what every server of this package wants as a bearer token; with something behind it, it is that of another directory on the same
// server. It guards nothing.
const Token = "peer-token"

// Server is a running scimmy, empty at first.
type Server struct {
	URL   string // "http://127.0.0.1:port/scim", without a slash at the end
	close func()
}

// Start runs a service provider until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	need(t)
	s, err := Launch(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Launch runs a service provider until Close, for tests that have no testing.TB; dir is a folder for its script.
func Launch(dir string) (*Server, error) {
	folder, err := modules()
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(map[string]string{"token": Token})
	if err != nil {
		return nil, err
	}
	script, err := files.ReadFile("node/server.cjs")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "scimmy.cjs")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return nil, err
	}
	return launch(exec.Command("node", path, folder, string(options)))
}

func launch(cmd *exec.Cmd) (*Server, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("scimmy did not start: %q, %v: %s", line, err, said.String())
	}
	return &Server{URL: "http://127.0.0.1:" + port + "/scim", close: func() {
		_ = in.Close() // its input's end is its own end
		_ = cmd.Wait()
	}}, nil
}

// Close ends the server.
func (s *Server) Close() { s.close() }
