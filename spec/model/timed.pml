/*
 * What parking.pml has besides when it is simulated with -DTRACE: numbers and clocks as the core
 * has them, so that the core can follow, and a line of output for each step and for what is seen
 * after it. The lengths of the timers are options of the core in test/model/replay.ts.
 */

#define ACK_DELAY 25
#define TIMEOUT 1000
#define HOLD_TIME 25000
#define QUIET_TIME 2000
#define NEVER 2000000000

int numbers;		/* exchanges that were begun */
int number[N];
int clock[2];
int owedSince[2];
int resendBase[2];	/* [EXCH-6] */
int starvedAt;
int sentAt[2 * N];
int answeredAt[N];
int arrivedAt[N];
int order[N];		/* of answers that carry messages */
int orders;
int soonest;
int candidate;

#define SENT_AT(side, k) sentAt[(side) * N + (k)]
#define LATER(left, right) ((left) > (right) -> (left) : (right))

inline NOTE_OWED(side)
{
	if
	:: !owed[side] -> owedSince[side] = clock[side]
	:: else
	fi
}

inline NOTE_ANSWERED(k)
{
	if
	:: answeredAt[k] > clock[CLIENT] -> answeredAt[k] = clock[CLIENT]
	:: else
	fi
}

inline NOTE_SENT(side, k)
{
	SENT_AT(side, k) = clock[side];
	if
	:: side == SERVER ->
		orders++;
		order[k] = orders
	:: else
	fi
}

inline NOTE_PARKED(k)
{
	arrivedAt[k] = clock[SERVER]
}

inline NOTE_STARVED()
{
	starvedAt = clock[SERVER]
}

/* [PARK-11]: timeouts of answers begin anew when one failed. */
inline NOTE_FAILED_ANSWER(k)
{
	if
	:: (CARRIED(SERVER, k) & known[SERVER]) == 0 -> resendBase[SERVER] = clock[SERVER]
	:: else
	fi
}

inline NOTE_BEGUN(k)
{
	numbers++;
	number[k] = numbers;
	answeredAt[k] = NEVER
}

inline NOTE_CUT(k)
{
	for (look : k + 1 .. N - 1) {
		number[look - 1] = number[look];
		SENT_AT(CLIENT, look - 1) = SENT_AT(CLIENT, look);
		SENT_AT(SERVER, look - 1) = SENT_AT(SERVER, look);
		answeredAt[look - 1] = answeredAt[look];
		arrivedAt[look - 1] = arrivedAt[look];
		order[look - 1] = order[look]
	}
}

#define IS_OWED_LONG(side) (owed[side] && clock[side] >= owedSince[side] + ACK_DELAY)
#define IS_QUIET (clock[SERVER] >= starvedAt + QUIET_TIME)
#define OR_HELD_LONG(k) || (HAS(parked, k) && clock[SERVER] >= arrivedAt[k] + HOLD_TIME)
#define IS_HELD_LONG (false ALL(OR_HELD_LONG))

/* --- printing --------------------------------------------------------------------------------- */

inline STEP()
{
	if
	:: action == sends || action == consumes || action == timer_fires ->
		printf("step %e %d\n", action, which)
	:: else -> printf("step %e %d\n", action, number[which])
	fi
}

inline printSet(set)
{
	for (look : 0 .. N - 1) {
		if
		:: HAS(set, look) -> printf(" %d", number[look])
		:: else
		fi
	}
}

#define printPair(pair) printf(" %d %d", pair[0], pair[1])

/* What the core is compared with: two numbers are the client's and the server's. */
inline SEEN()
{
	printf("seen clock");
	printPair(clock);
	printf("; sent");
	printPair(sent);
	printf("; released");
	printPair(released);
	printf("; known");
	printPair(known);
	printf("; due");
	printPair(due);
	printf("; received");
	printPair(received);
	printf("; delivered");
	printPair(delivered);
	printf("; consumed");
	printPair(consumed);
	printf("; wanted %d %d; live", wanted, wantedNow);
	printSet(live);
	printf("; overdue");
	printSet(overdue);
	printf("; parked");
	printSet(parked);
	printf("; requests");
	for (look : 0 .. N - 1) {
		if
		:: copies[look] > 0 -> printf(" %d", number[look])
		:: else
		fi;
		if
		:: copies[look] > 1 -> printf(" %d", number[look])
		:: else
		fi
	}
	printf("; answers");
	for (look : 0 .. ANSWERS - 1) {
		if
		:: aIs[look] -> printf(" %d", number[look / 2])
		:: else
		fi
	}
	printf("\n")
}
