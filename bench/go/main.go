// The same workloads in Go: `go-bench WORKLOAD MS` prints one line of JSON, as measure.mjs does. Taken as in timing.mjs: warm-up and
// calibration double as one, then the fastest of a few runs counts.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// A rate is a program that does count operations and gives a checked answer.
type rate func(count int) (given, wanted int)

// A fixed program is timed as a whole.
type fixed func() (given, wanted int)

// A once program gives its figure itself.
type once func() float64

const runs = 4

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

func measureRate(program rate, msWanted float64) float64 {
	count, last := 100, 0.0
	run := func() { check(program(count)) }
	for spent := 0.0; spent < msWanted; {
		last = timed(run)
		spent += last
		if spent < msWanted {
			if last < msWanted/20 {
				count *= 4
			} else {
				count *= 2
			}
		}
	}
	count = int(float64(count)*msWanted/runs/last/100) * 100
	if count < 100 {
		count = 100
	}
	best := timed(run)
	for repetition := 1; repetition < runs; repetition++ {
		best = min(best, timed(run))
	}
	return best * 1e6 / float64(count)
}

func measureFixed(program fixed, msWanted float64) float64 {
	run := func() { check(program()) }
	best := timed(run)
	for spent, repetition := 0.0, 0; repetition < 3 || (spent < 2*msWanted && repetition < 50); repetition++ {
		ms := timed(run)
		spent += ms
		best = min(best, ms)
	}
	return best
}

func min(one, other float64) float64 {
	if one < other {
		return one
	}
	return other
}

func main() {
	msWanted, _ := strconv.ParseFloat(os.Args[2], 64)
	var figure float64
	switch program := workloads[os.Args[1]].(type) {
	case rate:
		figure = measureRate(program, msWanted)
	case fixed:
		figure = measureFixed(program, msWanted)
	case once:
		figure = program()
	default:
		fmt.Println(`{"absent": true}`)
		return
	}
	fmt.Printf("{\"figure\": %g}\n", figure)
}
