package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/exit"
	"github.com/kisi-sync/kisi-sync/cmd/kisi-sync/internal/shape"
	"github.com/kisi-sync/kisi-sync/internal/access"
	"github.com/kisi-sync/kisi-sync/mapping"
	"github.com/kisi-sync/kisi-sync/sync/engine"
)

// settingFlags are the settings of a group as flags.
type settingFlags struct {
	restrict, unrestrict []string
	app                  string
}

func (s *settingFlags) flags(cmd *cobra.Command) {
	var keys []string
	for _, one := range access.AllSettings() {
		if one != access.AppAccess {
			keys = append(keys, one.Key())
		}
	}
	cmd.Flags().StringSliceVar(&s.restrict, "restrict", nil, "restrictions to turn on: `WORDS` among "+strings.Join(keys, ", "))
	cmd.Flags().StringSliceVar(&s.unrestrict, "unrestrict", nil, "restrictions to turn off: `WORDS` as for --restrict")
	cmd.Flags().StringVar(&s.app, "app-access", "", "whether the app opens the group's doors: `yes|no`")
}

func (s *settingFlags) settings() (out access.Settings, err error) {
	for _, part := range []struct {
		words []string
		on    bool
	}{{s.restrict, true}, {s.unrestrict, false}} {
		for _, word := range part.words {
			one, ok := settingNamed(word)
			if _, said := out.Is(one); !ok || said {
				return out, exit.Usage(fmt.Errorf("%q is no restriction, or is named twice", word), "kisi-sync groups create --help lists them")
			}
			out = out.With(one, part.on)
		}
	}
	switch s.app {
	case "":
	case "yes", "no":
		out = out.With(access.AppAccess, s.app == "yes")
	default:
		return out, exit.Usage(fmt.Errorf("--app-access %s: expected yes or no", s.app), "")
	}
	return out, nil
}

func settingNamed(word string) (access.Setting, bool) {
	for _, one := range access.AllSettings() {
		if one.Key() == word && one != access.AppAccess {
			return one, true
		}
	}
	return 0, false
}

// stopNames reads stops as people write them: "HQ / Lift A / Floor 3", or numbers.
func stopNames(all []string) []mapping.StopName {
	return shape.Convert(all, func(text string) mapping.StopName {
		if parts := strings.Split(text, " / "); len(parts) == 3 {
			return mapping.StopName{Place: parts[0], Elevator: parts[1], Stop: parts[2]}
		}
		return mapping.StopName{Stop: text}
	})
}

func groupsCreate(ui *call, c *common) *cobra.Command {
	o := &ordering{did: "create"}
	var place, description string
	var organization bool
	var doors, stops []string
	settings := settingFlags{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a group with doors and elevator stops, by hand", Args: exactly("NAME"),
		Long: `Makes a group in Kisi, of one place or of the organization; that cannot be changed later. It shows what it will do and
asks. Doors, stops and the place are named as people say them, or by number: kisi-sync doors, elevators and places list
them. In the end it prints the group as the configuration file says it, ready to paste: only then does kisi-sync look
after it.`,
		Example: `  kisi-sync groups create 'Night Shift' --place HQ --door 'HQ / Garage' --door 'HQ / Main entrance'
  kisi-sync groups create Visitors --organization --stop 'HQ / Lift A / Floor 3' --description Guests --restrict time
  kisi-sync groups create Visitors --organization --door 4711 --why ticket-4711 --yes --json`,
	}
	cmd.Flags().StringVar(&place, "place", "", "a group of one place: its `NAME` or number")
	cmd.Flags().BoolVar(&organization, "organization", false, "a group of the organization, which may hold doors of all places")
	cmd.Flags().StringArrayVar(&doors, "door", nil, "a door: `'PLACE / DOOR'` or its number; may be given several times")
	cmd.Flags().StringArrayVar(&stops, "stop", nil, "an elevator stop: `'PLACE / ELEVATOR / STOP'` or its number; may be given several times")
	cmd.Flags().StringVar(&description, "description", "", "what Kisi shows beside the name: `TEXT`")
	settings.flags(cmd)
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if organization == (place != "") {
			return exit.Usage(errors.New("say where the group belongs: --place NAME or --organization"), "that cannot be changed later; kisi-sync places lists the places")
		}
		said, err := settings.settings()
		if err != nil {
			return err
		}
		g := mapping.Group{Name: strings.TrimSpace(args[0]), Place: place, Create: true, Openings: true, Description: &description, Doors: doors, Stops: stopNames(stops), Settings: said}
		if g.Name == "" {
			return exit.Usage(errors.New("the name of the group is empty"), "")
		}
		return o.run(cmd.Context(), ui, c, func(out *engine.Outlook) (access.DesiredGroup, error) { return newGroup(out, g) })
	}
	return cmd
}

// newGroup resolves a group that is to be made. One that is there already is not touched.
func newGroup(out *engine.Outlook, g mapping.Group) (access.DesiredGroup, error) {
	want, problems := mapping.Resolve(g, out.Words.Catalog, nil)
	if err := found(problems); err != nil {
		return want, err
	}
	if want.ID != 0 {
		return want, exit.Failed(fmt.Errorf("there is a group %q already (%d)", want.Name, want.ID), fmt.Sprintf("kisi-sync groups show %d says what it opens; kisi-sync groups update changes it", want.ID))
	}
	want.Order = &access.Order{}
	return want, nil
}

// groupsDelete deletes a group that kisi-sync made.
func groupsDelete(ui *call, c *common) *cobra.Command {
	o := &ordering{did: "delete", everybody: true}
	cmd := &cobra.Command{
		Use: "delete NAME", Short: "Delete a group that kisi-sync made", Args: exactly("NAME"),
		Long: `Deletes a group in Kisi, which cannot be undone: everybody who holds it loses its doors. Only a group that kisi-sync made is
deleted, and only when the file does not name it any more and nobody holds it by another's hand. It shows who loses it, and
asks; over a limit it waits for kisi-sync approve. NAME is a name, 'Place / Name', or a number.`,
		Example: `  kisi-sync groups delete 'HQ / Night Shift' --why ticket-4711
  kisi-sync groups delete 40312 --why ticket-4711 --yes --json`,
	}
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := reasoned(o.why); err != nil {
			return err
		}
		return o.run(cmd.Context(), ui, c, func(out *engine.Outlook) (access.DesiredGroup, error) { return o.unwanted(out, args[0]) })
	}
	return cmd
}

func (o *ordering) unwanted(out *engine.Outlook, name string) (access.DesiredGroup, error) {
	x, err := o.existing(out, name)
	switch {
	case err != nil:
		return access.DesiredGroup{}, err
	case x.declared != nil:
		return access.DesiredGroup{}, exit.Failed(fmt.Errorf("%s names the group %s%s", o.settings.File, x.declared.Name, usedBy(o.rules, x.declared.Name)),
			"take it out of the file first, let the next run take it from everybody, and then delete it")
	case !x.made():
		return access.DesiredGroup{}, exit.Failed(fmt.Errorf("the group %s was made by others, and kisi-sync deletes only what it made", x.Name), "delete it in Kisi")
	}
	return access.DesiredGroup{ID: x.ID, Name: x.Name, Place: x.Place, Order: &access.Order{Delete: true}}, nil
}

// usedBy names the rules that give a group.
func usedBy(r *mapping.Rules, group string) string {
	if names := r.Giving(group); len(names) > 0 {
		return ", and rules give it: " + strings.Join(names, "; ")
	}
	return ""
}
