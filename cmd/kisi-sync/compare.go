package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/config"
	"github.com/kisi-sync/kisi-sync/connectors/all"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

// fileInUse returns the file to which that of --config is to be compared, "" for none: what --against names; else the file that is meant
// without --config, if that names another one and both are of one installation.
func fileInUse(ui *call, c *common, against string, said bool) (string, error) {
	if against != "" {
		if sameFile(ui.path(against), ui.path(c.config)) {
			return "", exit.Usage(fmt.Errorf("--against and --config name the same file, %s", against), "name the new file with --config")
		}
		return against, nil
	}
	usualFile := firstThere(ui.path("config.yaml"), installedConfig())
	if !said || sameFile(usualFile, ui.path(c.config)) {
		return "", nil
	}
	loader := config.Loader{Types: all.Types(), SkipSecrets: true}
	usual, err := loader.Load(usualFile)
	if err != nil {
		return "", nil // nothing of that name that anybody could use
	}
	loader.Place = usualFile
	named, err := loader.Load(ui.path(c.config))
	if err != nil || named.Policy().Installation != usual.Policy().Installation || named.State != usual.State {
		return "", nil
	}
	return usualFile, nil
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	if err == nil && otherErr == nil {
		return os.SameFile(one, other)
	}
	return filepath.Clean(a) == filepath.Clean(b)
}

// comparing is what is compared.
type comparing struct {
	inUse  string // the file in use
	accept []string
	old    *session
	new    *session
}

// compareFiles says what a new file would change. Nothing is written: both sessions look ahead, and what they read is forgotten with them.
func compareFiles(ctx context.Context, ui *call, c *common, x comparing) (err error) {
	used := *c
	used.config = x.inUse
	if x.old, err = open(ctx, ui, &used, opening{asked: "plan", patience: watched, quiet: true}); err != nil {
		return err
	}
	defer x.old.closeInto(&err)
	if h := ui.host(); h != nil && !alike(x.old.settings, h.daemon().settings) {
		ui.Tell("%s the daemon does not go by %s as it is now; kisi-sync reload has it read", ui.Yellow("warning:"), x.inUse)
	}
	settings, err := loaded(config.Loader{Types: all.Types(), Place: x.old.settings.File}.Load(ui.path(c.config)))
	if err != nil {
		return err
	}
	if err := x.sameInstallation(settings); err != nil {
		return err
	}
	ui.Warn(exit.Problems(settings.Warnings))
	ui.Tell("%s is compared with %s, which is in use; nothing is changed", c.config, x.inUse)
	readErr := x.old.read(ctx, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	x.new = &session{ui: ui, settings: settings, book: x.old.book}
	if err := x.new.introduce(ctx, opening{asked: "plan", accept: x.accept, patience: watched, like: x.old, beyond: x.old}); err != nil {
		return exit.Also(readErr, err, x.new.Close())
	}
	defer x.new.closeInto(&err)
	// A source that both files say alike has been read, and if it could not be, that was told.
	err = x.new.readThese(ctx, x.others(), false)
	return x.tell(ctx, exit.Also(readErr, err))
}

// sameInstallation refuses a file that is no successor of the one in use.
func (x *comparing) sameInstallation(settings *config.Settings) error {
	old := x.old.settings
	const hint = "plan it by itself, in a folder of its own"
	switch {
	case settings.Policy().Installation != old.Policy().Installation:
		return exit.Usage(fmt.Errorf("%s is of the installation %s, %s of %s", settings.File, settings.Policy().Installation, old.File, old.Policy().Installation), hint)
	case settings.Kisi.Domain != old.Kisi.Domain:
		return exit.Usage(fmt.Errorf("%s is about the organization %s, %s about %s", settings.File, settings.Kisi.Domain, old.File, old.Kisi.Domain), hint)
	case settings.State != old.State:
		return exit.Usage(fmt.Errorf("%s names another state file (%s) than %s", settings.File, settings.State, old.File), "leave state: as it is")
	}
	return nil
}

// others are the sources that the file in use does not have so, or of which it reads less.
func (x *comparing) others() []engine.Source {
	return slices.DeleteFunc(slices.Clone(x.new.sources), func(s engine.Source) bool {
		return slices.ContainsFunc(x.old.settings.Sources, func(was config.Source) bool {
			if was.Name != s.Name || was.ID != s.ID || !slices.Equal(x.old.rules.Attributes(s.Name), x.new.rules.Attributes(s.Name)) {
				return false
			}
			i := slices.IndexFunc(x.new.settings.Sources, func(is config.Source) bool { return is.Name == s.Name })
			return reflect.DeepEqual(was.Config, x.new.settings.Sources[i].Config)
		})
	})
}

// differences is what a new file would change, before it is put into words.
type differences struct {
	rules    []mapping.Reworded
	settings []config.Difference
	shifts   []plan.Shift
	tests    []tested
	next     forecast
}

func (d *differences) any() bool { return len(d.rules)+len(d.settings)+len(d.shifts) > 0 }

// tell finds out what differs, and says it.
func (x *comparing) tell(ctx context.Context, readErr error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d, err := x.differences(ctx)
	if err != nil {
		return exit.Also(readErr, x.new.untouched(err))
	}
	if x.new.ui.JSON {
		if err := x.new.ui.Print(x.document(d)); err != nil {
			return err
		}
	}
	x.show(d)
	return exit.Also(readErr, x.verdict(d))
}

func (x *comparing) differences(ctx context.Context) (*differences, error) {
	stop := x.new.lookingAtKisi()
	o, err := x.new.engine.Preview(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	if err := x.old.store.SaveCatalog(ctx, o.Words.Catalog); err != nil { // of a preview: so both go by what there is in Kisi now
		return nil, err
	}
	before, err := x.old.engine.ResolveKnown(ctx)
	if err != nil {
		return nil, err
	}
	d := &differences{rules: x.old.rules.Reword(x.new.rules), shifts: plan.Compare(before.Input.Desired, o.Input.Desired), next: x.new.forecast(o), tests: x.new.test(o)}
	d.settings, err = x.old.settings.Differences(x.new.settings)
	return d, err
}

// verdict is the exit code: 2 for a file that would be refused, 3 when something of it is held, 4 when it changes something.
func (x *comparing) verdict(d *differences) error {
	if err := x.new.unmet(d.tests); err != nil {
		return err
	}
	switch {
	case !d.any():
		return nil
	case d.next.code() == exit.CodeHeld:
		return &exit.Error{Code: exit.CodeHeld}
	}
	return &exit.Error{Code: exit.CodeChanges}
}
