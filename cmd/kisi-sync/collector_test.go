package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kisi-sync/kisi-sync/internal/sim/child"
)

// collector is a real rsyslog, as an ordinary process in the story's folder. It writes all that comes into the file collected, as it
// came, and listens on the same port each time it is started.
type collector struct {
	port    string
	process *exec.Cmd
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
	if c.port == "" {
		ports, release, err := child.HoldPorts(1)
		ts.Check(err)
		ts.Defer(release)
		c.port = strconv.Itoa(ports[0])
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
	settings := dir + "/rsyslog.conf"
	text := fmt.Sprintf(`global(workDirectory=%[1]q maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port=%[2]q)
action(type="omfile" file="%[1]s/collected" template="RSYSLOG_SyslogProtocol23Format")
`, dir, c.port)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return err
	}
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
		if conn, err := net.Dial("tcp", "127.0.0.1:"+c.port); err == nil {
			return conn.Close()
		}
		<-tick.C
	}
	return errors.Join(fmt.Errorf("rsyslogd does not listen"), c.stop(), errors.New(said.String()))
}

func (c *collector) stop() error {
	if c.process == nil {
		return nil
	}
	p := c.process
	c.process = nil
	return errors.Join(p.Process.Signal(syscall.SIGTERM), p.Wait())
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
