package main

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"time"
)

var workloads = map[string]any{
	"ping-pong":       rate(pingPong),
	"stream":          stream(0),
	"buffered":        stream(128),
	"fan-in-2":        fanIn(2),
	"fan-in-10":       fanIn(10),
	"fan-in-100":      fanIn(100),
	"fan-in-1000":     fanIn(1000),
	"one-ready-2":     oneReady(2),
	"one-ready-10":    oneReady(10),
	"one-ready-100":   oneReady(100),
	"one-ready-1000":  oneReady(1000),
	"send-or-receive": rate(sendOrReceive),
	"contend":         rate(contend),
	"sieve":           fixed(sieve),
	"daisy-chain":     fixed(daisyChain),
	"spawn":           fixed(spawn),
	"timeout":         rate(timeout),
	"signal":          rate(signal),
	"memory":          once(memory),
	"delay":           once(delay),
}

func pingPong(count int) (int, int) {
	there, back := make(chan int), make(chan int)
	go func() {
		for n := 0; n < count; n++ {
			back <- <-there + 1
		}
	}()
	sum := 0
	for n := 0; n < count; n++ {
		there <- n
		sum += <-back
	}
	return sum, count * (count + 1) / 2
}

func stream(capacity int) rate {
	return func(count int) (int, int) {
		numbers := make(chan int, capacity)
		go func() {
			for n := 0; n < count; n++ {
				numbers <- n
			}
		}()
		sum := 0
		for n := 0; n < count; n++ {
			sum += <-numbers
		}
		return sum, count * (count - 1) / 2
	}
}

// A select statement over 2 and over 10 channels; above, reflect.Select, which takes any number.
func selecting(channels []chan int) func() int {
	switch len(channels) {
	case 2:
		a, b := channels[0], channels[1]
		return func() int {
			select {
			case value := <-a:
				return value
			case value := <-b:
				return value
			}
		}
	case 10:
		a, b, c, d, e := channels[0], channels[1], channels[2], channels[3], channels[4]
		f, g, h, i, j := channels[5], channels[6], channels[7], channels[8], channels[9]
		return func() (value int) {
			select {
			case value = <-a:
			case value = <-b:
			case value = <-c:
			case value = <-d:
			case value = <-e:
			case value = <-f:
			case value = <-g:
			case value = <-h:
			case value = <-i:
			case value = <-j:
			}
			return value
		}
	}
	cases := make([]reflect.SelectCase, len(channels))
	for index, channel := range channels {
		cases[index] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(channel)}
	}
	return func() int {
		_, value, _ := reflect.Select(cases)
		return int(value.Int())
	}
}

func channelsOf(width int) []chan int {
	channels := make([]chan int, width)
	for index := range channels {
		channels[index] = make(chan int)
	}
	return channels
}

func fanIn(width int) rate {
	return func(count int) (int, int) {
		channels, stop := channelsOf(width), make(chan struct{})
		defer close(stop) // so that the producers of this run do not stay
		for index, channel := range channels {
			go func(value int, channel chan int) {
				for ; ; value += width {
					select {
					case channel <- value:
					default:
						// The fast way is not open: wait, or end.
						select {
						case channel <- value:
						case <-stop:
							return
						}
					}
				}
			}(index, channel)
		}
		next, wrong := make([]int, width), 0
		for index := range next {
			next[index] = index
		}
		wait := selecting(channels)
		for n := 0; n < count; n++ {
			value := wait()
			if next[value%width] != value {
				wrong++
			}
			next[value%width] += width
		}
		return wrong, 0
	}
}

func oneReady(width int) rate {
	return func(count int) (int, int) {
		channels := channelsOf(width)
		go func() {
			for n := 0; n < count; n++ {
				channels[n*7919%width] <- n
			}
		}()
		wait, sum := selecting(channels), 0
		for n := 0; n < count; n++ {
			sum += wait()
		}
		return sum, count * (count - 1) / 2
	}
}

func sendOrReceive(count int) (int, int) {
	inward, outward := make(chan int), make(chan int)
	go func() {
		for n := 0; n < count; n++ {
			inward <- n
		}
	}()
	go func() {
		for n := 0; n < count; n++ {
			<-outward
		}
	}()
	wrong, taken := 0, 0
	for n := 0; n < count; n++ {
		select {
		case value := <-inward:
			if value != taken {
				wrong++
			}
			taken++
		case outward <- 1:
		}
	}
	return wrong, 0
}

func contend(count int) (int, int) {
	const producers = 100
	numbers := make(chan int)
	for first := 0; first < producers; first++ {
		go func(n int) {
			for ; n < count; n += producers {
				numbers <- n
			}
		}(first)
	}
	sum := 0
	for n := 0; n < count; n++ {
		sum += <-numbers
	}
	return sum, count * (count - 1) / 2
}

func sieve() (int, int) {
	numbers, stop := make(chan int), make(chan struct{})
	defer close(stop)
	go func(out chan int) {
		for n := 2; ; n++ {
			select {
			case out <- n:
			case <-stop:
				return
			}
		}
	}(numbers)
	sum := 0
	for found := 0; found < 500; found++ {
		prime := <-numbers
		sum += prime
		others := make(chan int)
		go func(from, to chan int) {
			defer close(to)
			for n := range from {
				if n%prime != 0 {
					to <- n
				}
			}
		}(numbers, others)
		numbers = others
	}
	go func() { // let the filters of this run come to their end
		for range numbers {
		}
	}()
	return sum, 824693
}

func daisyChain() (int, int) {
	const tasks = 10_000
	leftmost := make(chan int)
	left := leftmost
	for built := 0; built < tasks; built++ {
		right := make(chan int)
		go func(to, from chan int) { to <- <-from + 1 }(left, right)
		left = right
	}
	go func() { left <- 0 }()
	return <-leftmost, tasks
}

func spawn() (int, int) {
	const tasks = 100_000
	var all sync.WaitGroup
	results := make([]int, tasks)
	all.Add(tasks)
	for index := range results {
		go func(index int) {
			results[index] = 1
			all.Done()
		}(index)
	}
	all.Wait()
	sum := 0
	for _, result := range results {
		sum += result
	}
	return sum, tasks
}

func relayed(count int, receive func(chan int)) (int, int) {
	source, numbers := make(chan int), make(chan int)
	go func() {
		for n := 0; n < count; n++ {
			source <- n
		}
	}()
	go func() {
		for n := 0; n < count; n++ {
			numbers <- <-source
		}
	}()
	received := 0
	for n := 0; n < count; n++ {
		receive(numbers)
		received++
	}
	return received, count
}

func timeout(count int) (int, int) {
	return relayed(count, func(numbers chan int) {
		timer := time.NewTimer(10 * time.Second)
		select {
		case <-numbers:
		case <-timer.C:
		}
		timer.Stop()
	})
}

func signal(count int) (int, int) {
	gone, cancel := context.WithCancel(context.Background())
	defer cancel()
	return relayed(count, func(numbers chan int) {
		select {
		case <-numbers:
		case <-gone.Done():
		}
	})
}

func memory() float64 {
	const tasks = 100_000
	channels := make([]chan int, tasks)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for index := range channels {
		channel := make(chan int)
		channels[index] = channel
		go func() { <-channel }()
	}
	time.Sleep(100 * time.Millisecond)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(channels)
	return float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse) / tasks
}

func delay() float64 {
	numbers, worst := make(chan int), 0.0
	end := time.Now().Add(500 * time.Millisecond)
	ticker, over, seen := time.NewTicker(time.Millisecond), make(chan struct{}), make(chan struct{})
	go func() {
		last := time.Now()
		for open := true; open; {
			select {
			case <-ticker.C:
			case <-over:
				open = false
			}
			now := time.Now()
			if late := float64(now.Sub(last).Nanoseconds())/1e6 - 1; late > worst {
				worst = late
			}
			last = now
		}
		close(seen)
	}()
	go func() {
		for n := 0; n%64 != 0 || time.Now().Before(end); n++ {
			numbers <- n
		}
		numbers <- -1
	}()
	for value := 0; value != -1; value = <-numbers {
	}
	close(over)
	<-seen
	return worst
}
