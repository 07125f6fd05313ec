// Package plan says too much.
// And more.
// And more.
// And more.
// And more.
// And more.
// And more.
// And more.
// And more.
// And more.
// And more.
package plan
