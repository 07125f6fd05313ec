// Package admin is how people and programs of this machine reach a running daemon: Ops over HTTP and JSON on a socket that only its
// account and root can open (a named pipe on Windows), and whole command lines, which the daemon carries out with its own open state.
//
// It promises that who asked is known from the operating system and not from what the caller says, and that a daemon which is stale,
// hung, or of another installation is told apart in words. It decides nothing about people and doors, and listens on no network.
package admin
