// Package prefetch asks the processor for memory that will be needed soon.
package prefetch
