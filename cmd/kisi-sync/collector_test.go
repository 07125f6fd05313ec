package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// collector is a real rsyslog, as an ordinary process in the story's folder. It writes all that comes into the file collected, as it
// came, and listens on the same port each time it is started.
type collector struct {
	port    string
	process *exec.Cmd
	release func() // of the port, while it is stopped
}

// cmdCollector starts or stops it. $COLLECTOR is where it listens.
func cmdCollector(ts *testscript.TestScript, _ bool, args []string) {
	c := &stageOf(ts).collector
	if args[0] == "stop" {
		ts.Check(c.stop())
		return
	}
	binary, err := exec.LookPath("rsyslogd")
	if err != nil {
		binary = "/usr/sbin/rsyslogd" // in no ordinary PATH
	}
	ts.Check(c.start(binary, ts.MkAbs(".")))
	ts.Setenv("COLLECTOR", "127.0.0.1:"+c.port)
}

// hasCollector says whether rsyslog is there. In CI it has to be.
func hasCollector() bool {
	_, pathErr := exec.LookPath("rsyslogd")
	_, err := os.Stat("/usr/sbin/rsyslogd")
	return pathErr == nil || err == nil || os.Getenv("CI") == "true"
}

func (c *collector) start(binary, dir string) error {
	port := c.port
	if port == "" {
		port = "0" // the system's choice
	}
	settings := dir + "/rsyslog.conf"
	text := fmt.Sprintf(`global(workDirectory=%[1]q maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port=%[2]q listenPortFileName="%[1]s/collector-port")
action(type="omfile" file="%[1]s/collected" template="RSYSLOG_SyslogProtocol23Format")
`, dir, port)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return err
	}
	c.letGo()
	c.process = exec.Command(binary, "-n", "-f", settings, "-i", dir+"/collector-pid")
	said := &strings.Builder{}
	c.process.Stderr = said
	if err := c.process.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if c.listens(dir) {
			return nil
		}
		<-tick.C
	}
	return errors.Join(fmt.Errorf("rsyslogd does not listen"), c.stop(), errors.New(said.String()))
}

// listens finds out where it listens, the first time, and then whether it does.
func (c *collector) listens(dir string) bool {
	if c.port == "" {
		b, _ := os.ReadFile(dir + "/collector-port") // written when the port was the system's choice
		c.port = strings.TrimSpace(string(b))
	}
	if c.port == "" {
		return false
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+c.port)
	return err == nil && conn.Close() == nil
}

func (c *collector) stop() error {
	if c.process == nil {
		return nil
	}
	p := c.process
	c.process = nil
	err := errors.Join(p.Process.Signal(syscall.SIGTERM), p.Wait())
	if c.port == "" {
		return err
	}
	release, holdErr := holdPort(c.port)
	c.release = release
	return errors.Join(err, holdErr)
}

// letGo lets the collector have its port again.
func (c *collector) letGo() {
	if c.release != nil {
		c.release()
		c.release = nil
	}
}

// cmdCollected waits until a line that fits is there.
func cmdCollected(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[0])
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var text []byte
	for range 600 {
		text, _ = os.ReadFile(ts.MkAbs("collected"))
		if want.Match(text) {
			return
		}
		<-tick.C
	}
	ts.Fatalf("no such line was collected; there are:\n%s", text)
}

// cmdChained sees what whoever collects lines of the trail can see without it: that none is missing, and that each follows the one before.
func cmdChained(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	form := regexp.MustCompile(` audit trail: \S+ \S+ (\d+):([0-9a-f]{64}) after (-|[0-9a-f]{64}) \{"number":(\d+),`)
	before, n := "-", 0
	for _, m := range form.FindAllStringSubmatch(string(text), -1) {
		if n++; m[1] != fmt.Sprint(n) || m[3] != before || m[4] != m[1] {
			ts.Fatalf("line %d does not follow: %s", n, m[0])
		}
		before = m[2]
	}
	ts.Logf("%d lines follow each other", n)
	if n == 0 {
		ts.Fatalf("no line of the trail was collected")
	}
}
