// The same workloads in Go: `go-bench WORKLOAD MS_OF_A_RUN` prints one line of JSON, as measure.mjs does. Figures are taken as in
// timing.mjs.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// A rate is a program that does count operations and gives a checked answer.
type rate func(count int) (given, wanted int)

// A fixed program is timed as a whole.
type fixed func() (given, wanted int)

// A once program gives its figure itself.
type once func() float64

const runsInARow = 5

func timed(program func()) float64 {
	runtime.GC()
	before := processorTime()
	program()
	return processorTime() - before
}

// Milliseconds of processor time, as in timing.mjs.
func processorTime() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

func check(given, wanted int) {
	if given != wanted {
		fmt.Printf("{\"failure\": \"wrong: %d instead of %d\"}\n", given, wanted)
		os.Exit(0)
	}
}

// The fastest of runs that are repeated until several in a row have brought nothing better.
func best(run func() float64, msAtMost float64) float64 {
	fastest, began := math.Inf(1), time.Now()
	for inARow := 0; inARow < runsInARow && float64(time.Since(began).Milliseconds()) < msAtMost; {
		figure := run()
		if figure < fastest*0.98 {
			inARow = 0
		} else {
			inARow++
		}
		fastest = math.Min(fastest, figure)
	}
	return fastest
}

func measureRate(program rate, msOfRun float64) float64 {
	count := 100
	return best(func() float64 {
		for {
			ms := timed(func() { check(program(count)) })
			if ms >= msOfRun {
				return ms * 1e6 / float64(count)
			}
			if ms < msOfRun/10 {
				count *= 8
			} else {
				count *= 2
			}
		}
	}, 80*msOfRun)
}

func measureFixed(program fixed, msOfRun float64) float64 {
	return best(func() float64 { return timed(func() { check(program()) }) }, 80*msOfRun)
}

func main() {
	msOfRun, _ := strconv.ParseFloat(os.Args[2], 64)
	var figure float64
	switch program := workloads[os.Args[1]].(type) {
	case rate:
		figure = measureRate(program, msOfRun)
	case fixed:
		figure = measureFixed(program, msOfRun)
	case once:
		figure = program()
	default:
		fmt.Println(`{"absent": true}`)
		return
	}
	fmt.Printf("{\"figure\": %g}\n", figure)
}
