package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
)

func planVerb(ui *call, c *common) *cobra.Command {
	var out, against string
	var accept []string
	cmd := &cobra.Command{
		Use: "plan", Short: "Say what would happen, in people and doors; change nothing", Args: exactly(),
		Long: `Reads the directories and Kisi, decides, and says what would happen. Nothing is changed, neither in Kisi nor in the
state file. In mode: observe it says what mode: full would do.

With --config NEW.yaml, where config.yaml is the file in use, it says what the new file would change: rules as they
were and as they are, who gains and who loses which door by which rule, other settings, whether what the new file
expects is so, and what the next run would do by it. --against names the file in use where it is another one. What the
new file needs and the file in use does not, such as another attribute, is read from the directories for it and
forgotten again.

Exit code 3 when something is held for a person to decide, 4 when there are changes and nothing is held.`,
		Example: `  kisi-sync plan
  kisi-sync plan --out friday.plan; kisi-sync apply friday.plan
  kisi-sync plan --json | jq -r '.summary[].text'
  kisi-sync plan --config new.yaml
  kisi-sync plan --config draft.yaml --against /etc/kisi-sync/config.yaml`,
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "also write the plan to `FILE`, for kisi-sync apply FILE")
	cmd.Flags().StringVar(&against, "against", "", "the `FILE` in use, to which that of --config is compared; the one that is meant without --config, if that is of the same installation")
	acceptFlag(cmd, &accept)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		inUse, err := fileInUse(ui, c, against, cmd.Flags().Changed("config"))
		switch {
		case err != nil:
			return err
		case inUse != "" && out != "":
			return exit.Usage(errors.New("--out: the plan of a file that is not in use cannot be carried out"), "take the file into use first, and plan then")
		case inUse != "":
			return compareFiles(cmd.Context(), ui, c, comparing{inUse: inUse, accept: accept})
		}
		s, err := open(cmd.Context(), ui, c, opening{asked: "plan", accept: accept, patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		var file *outFile
		if out != "" {
			if file, err = newOutFile("the plan", ui.path(out)); err != nil {
				return err
			}
			defer file.discard()
		}
		return s.plan(cmd.Context(), file)
	}
	return cmd
}

func acceptFlag(cmd *cobra.Command, accept *[]string) {
	cmd.Flags().StringSliceVar(accept, "accept", nil, "believe what `SOURCE` says now, however much is missing in it")
}

// plan shows a plan, and writes it to a file unless that is nil.
func (s *session) plan(ctx context.Context, file *outFile) error {
	readErr := s.read(ctx, false)
	if ctx.Err() != nil {
		return s.untouched(ctx.Err())
	}
	stop := s.lookingAtKisi()
	o, err := s.engine.Preview(ctx)
	stop()
	if err != nil {
		return exit.Also(readErr, s.untouched(err))
	}
	f := s.forecast(o)
	saved := f.told.Save(f.Words, now())
	if s.ui.JSON {
		if err := s.ui.Print(newPlanDocument(f, saved)); err != nil {
			return err
		}
	}
	s.showPlan(f)
	if err := s.proven(ctx, o); err != nil {
		s.ui.Warn(exit.Troubles(err))
	}
	if file != nil {
		if err := file.commitPlan(saved); err != nil {
			return err
		}
		s.ui.Tell("\nWritten to %s: kisi-sync apply %s does exactly this, or nothing.", file.path, file.path)
	}
	if readErr != nil {
		return readErr
	}
	if code := f.code(); code != 0 {
		return &exit.Error{Code: code}
	}
	return nil
}

// closeInto closes the session at the end of a verb and keeps the first error.
func (s *session) closeInto(err *error) {
	if closeErr := s.Close(); *err == nil {
		*err = closeErr
	}
}
