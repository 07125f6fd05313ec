// Package mapping says too little.
package mapping
