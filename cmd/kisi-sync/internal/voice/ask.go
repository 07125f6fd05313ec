package voice

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/term"
)

// Ask asks a yes-or-no question; anything but yes is no. It returns an error only when it was interrupted.
func (u *Voice) Ask(ctx context.Context, question string) (bool, error) {
	answer, err := u.Prompt(ctx, question+" [y/N] ")
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", err
}

// PromptSecret is Prompt for what must not be seen on the screen.
func (u *Voice) PromptSecret(ctx context.Context, text string) (string, error) {
	if u.keys == nil || u.In.Buffered() > 0 {
		return u.Prompt(ctx, text)
	}
	before, err := term.GetState(int(u.keys.Fd()))
	if err != nil {
		return "", err
	}
	fmt.Fprint(u.asks, text)
	typed := make(chan string, 1)
	go func() { // as in prompt, it is left behind when the program is interrupted
		secret, _ := term.ReadPassword(int(u.keys.Fd()))
		typed <- strings.TrimSpace(string(secret))
	}()
	select {
	case secret := <-typed:
		fmt.Fprintln(u.asks)
		return secret, nil
	case <-ctx.Done():
		_ = term.Restore(int(u.keys.Fd()), before) // else the shell would go on without showing what is typed
		fmt.Fprintln(u.asks)
		return "", ctx.Err()
	}
}

// Prompt shows a text and waits for a line. The end of the input is an empty line; with nobody to ask, so is the answer.
func (u *Voice) Prompt(ctx context.Context, text string) (string, error) {
	if u.asks == nil {
		return "", ctx.Err()
	}
	if u.far != nil {
		return u.far(ctx, text)
	}
	fmt.Fprint(u.asks, text)
	// A read of a terminal cannot be called off. When the program is interrupted, this goroutine is left behind, for the short
	// while until the process ends.
	lines := make(chan string, 1)
	go func() {
		line, err := u.In.ReadString('\n')
		if err != nil {
			fmt.Fprintln(u.asks)
		}
		lines <- strings.TrimSpace(line)
	}()
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		fmt.Fprintln(u.asks)
		return "", ctx.Err()
	}
}
