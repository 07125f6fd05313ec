// Package config turns the configuration file into typed settings, or into the list of everything that is wrong with it.
//
// Defaults come first, then the file is decoded strictly (an unknown key is an error), then it is checked as a whole. Every
// problem names file, line and YAML path and says what to do; nothing is contacted and nothing is written. Secrets are looked
// at, to see whether they can be had, and dropped again: settings hold only where they are kept. The same structs give the JSON
// Schema of the file. The package must not decide who gets a door; that is package mapping's business.
package config
