package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/internal/record"
	"github.com/kisi-sync/kisi-sync/sync/engine"
	"github.com/kisi-sync/kisi-sync/sync/plan"
)

func planVerb(ui *voice, c *common) *cobra.Command {
	var out string
	var accept []string
	cmd := &cobra.Command{
		Use: "plan", Short: "Say what would happen, in people and doors; change nothing", Args: exactly(),
		Long: `Reads the directories and Kisi, decides, and says what would happen. Nothing is changed, neither in Kisi
nor in the state file. Exit code 4 when there are changes, 3 when something is held and nothing else would change.`,
		Example: `  kisi-sync plan
  kisi-sync plan --out friday.plan && kisi-sync apply friday.plan
  kisi-sync plan --json | jq '.summary[].text'`,
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "also write the plan to `FILE`, for kisi-sync apply FILE")
	cmd.Flags().StringSliceVar(&accept, "accept", nil, "believe what `SOURCE` says now, however much is missing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		s, err := open(cmd.Context(), ui, c, opening{asked: "plan", accept: accept, patience: watched})
		if err != nil {
			return err
		}
		defer s.closeInto(&err)
		readErr := s.read(cmd.Context(), false)
		o, err := s.engine.Preview(cmd.Context())
		if err != nil {
			return errors.Join(readErr, err)
		}
		if err := s.presentPlan(o, out); err != nil {
			return err
		}
		return planned(o, readErr)
	}
	return cmd
}

// closeInto closes the session at the end of a verb and keeps the first error.
func (s *session) closeInto(err *error) {
	if closeErr := s.Close(); *err == nil {
		*err = closeErr
	}
}

// presentPlan prints a plan and writes it to a file if one is named.
func (s *session) presentPlan(o *engine.Outlook, out string) error {
	saved := o.Plan.Save(o.Words, now())
	if s.ui.json {
		if err := s.ui.print(planJSON(o, saved)); err != nil {
			return err
		}
	} else {
		s.showPlan(o)
	}
	if out == "" {
		return nil
	}
	if err := writePlan(out, saved); err != nil {
		return err
	}
	s.ui.tell("\nWritten to %s: kisi-sync apply %s carries out exactly this.", out, out)
	return nil
}

// planned turns an outlook into the exit code of plan.
func planned(o *engine.Outlook, readErr error) error {
	switch {
	case readErr != nil:
		return &exit{code: exitFailed, err: readErr, hint: "the plan is made from what was known of it before; nothing of it is removed"}
	case o.Plan.Do() > 0:
		return &exit{code: exitChanges}
	case o.Plan.Held() > 0:
		return &exit{code: exitHeld}
	}
	return nil
}

// planOutput is what plan --json prints.
type planOutput struct {
	plan.Saved
	Do       int                   `json:"do"`
	Held     int                   `json:"held"`
	Calls    int                   `json:"calls"`
	Sources  []record.SourceStatus `json:"sources"`
	Problems []record.Problem      `json:"problems"`
}

func planJSON(o *engine.Outlook, saved plan.Saved) planOutput {
	return planOutput{Saved: saved, Do: o.Plan.Do(), Held: o.Plan.Held(), Calls: o.Plan.Calls(),
		Sources: o.Run.Sources, Problems: o.Run.Problems}
}

// writePlan writes a plan so that only its owner can read it: it names people.
func writePlan(path string, saved plan.Saved) error {
	data, err := json.MarshalIndent(saved, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// readPlan reads a plan and refuses one that was edited.
func readPlan(path string) (plan.Saved, error) {
	var saved plan.Saved
	data, err := os.ReadFile(path)
	if err != nil {
		return saved, usage(fmt.Errorf("read the plan: %w", err), "kisi-sync plan --out FILE writes one")
	}
	if err := json.Unmarshal(data, &saved); err != nil {
		return saved, usage(fmt.Errorf("%s is not a plan: %w", path, err), "kisi-sync plan --out FILE writes one")
	}
	if saved.Version != plan.SavedVersion {
		return saved, usage(fmt.Errorf("%s is a plan of version %d, this program knows version %d", path, saved.Version, plan.SavedVersion), "make the plan again")
	}
	if !saved.Intact() {
		return saved, usage(fmt.Errorf("%s was changed after it was made", path), "make the plan again; to leave something out, change the file's rules or limits")
	}
	return saved, nil
}
