/*
 * The parking rule and the acknowledgement logic of spec/protocol.md, for SPIN 6.5.
 *
 * One client, one server, one session that is open, one channel of messages in each direction.
 * Every step of the two processes at the end is what one side does in one tick [SAY-7]: something
 * happens to it, and then it sends whatever has a reason to leave. What the model leaves out, what
 * is asserted and how it is run stand in README.md beside this file.
 *
 * Exchanges are kept by rank: records 0 to next - 1 are those of which anybody can still speak, in
 * the order of their numbers, and `compact` forgets the others. So exchanges never end, and states
 * do. A set of exchanges, or of messages, is a byte with a bit for each.
 *
 * Macros that size a run: N (records), NC and NS (messages of client and server), WANTED_MAX,
 * CARRIERS, ORPHANS (requests on their way whose client may have given them up). Macros that choose
 * what may happen: see "what may happen". BREAK_* plants one bug. TRACE adds numbers, clocks and
 * printing, for traces that the core is to follow.
 */

mtype = {
	none,
	sends, consumes, timer_fires,			/* of a side */
	request_arrives, answer_arrives, second_answer_arrives,
	request_lost, answer_lost, request_fails, exchange_fails, request_doubled,
	/* Not in traces: */
	client_overdue, server_overdue, ack_delay, quiet_time, watching, healing
};

#ifndef N
#define N 5
#endif
#ifndef NC
#define NC 1
#endif
#ifndef NS
#define NS 1
#endif
#ifndef WANTED_MAX
#define WANTED_MAX 1
#endif
#ifndef CARRIERS
#define CARRIERS 1
#endif
#ifndef ORPHANS
#define ORPHANS 1
#endif

/* Nothing that is noted in a step outlives it; a search breadth first cannot have it hidden. */
#ifdef VISIBLE
#define SCRATCH
#else
#define SCRATCH hidden
#endif

#define CLIENT 0
#define SERVER 1
#define BIT(k) (1 << (k))
#define HAS(set, k) (((set) >> (k)) & 1)
#define WITHOUT(set, other) ((set) & (255 - (other)))
#define COUNT(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + \
	HAS(set, 4) + HAS(set, 5) + HAS(set, 6) + HAS(set, 7))
/* The set with record k taken out and all above it moved down. */
#define CUT(set, k) (((set) & (BIT(k) - 1)) | (((set) >> ((k) + 1)) << (k)))
#define FIRST(count) (BIT(count) - 1)

/*
 * One after the other for all records: options of a process, and terms of an expression within them
 * (a macro does not expand within itself).
 */
#if N > 5
#define EACH_5(what) what(5)
#else
#define EACH_5(what)
#endif
#if N > 6
#define EACH_6(what) what(6)
#else
#define EACH_6(what)
#endif
#if N > 7
#define EACH_7(what) what(7)
#else
#define EACH_7(what)
#endif
#define EACH(what) what(0) what(1) what(2) what(3) what(4) \
	EACH_5(what) EACH_6(what) EACH_7(what)
#if N > 5
#define ALL_5(what) what(5)
#else
#define ALL_5(what)
#endif
#if N > 6
#define ALL_6(what) what(6)
#else
#define ALL_6(what)
#endif
#if N > 7
#define ALL_7(what) what(7)
#else
#define ALL_7(what)
#endif
#define ALL(what) what(0) what(1) what(2) what(3) what(4) \
	ALL_5(what) ALL_6(what) ALL_7(what)

/* --- both sides: reliability (spec 4), by side ------------------------------------------------ */

byte accepted[2];	/* messages that the application handed over */
byte sent[2];		/* of these, those that have left once [SEND-1] */
byte released[2];	/* of these, those that left the send buffer [HELD-1] */
byte due[2];		/* to be sent again [SEND-3] */
byte known[2];		/* what the peer is known to have received [ACK-5] */
byte received[2];	/* of the peer's messages [SEQ-1] */
byte delivered[2];	/* of these, those that the application was handed, in order [MODE-1] */
byte consumed[2];	/* of these, those that it is done with: held under the policy "consumed" */
bool owed[2];		/* an acknowledgement is owed [ACK-2] */
bool owedLong[2];	/* and has been for ackDelayMs [SAY-1] */
byte carried[2 * N];	/* by side and record: what an unresolved transmission carries */
#define CARRIED(side, k) carried[(side) * N + (k)]

/* --- the client (spec 5) ---------------------------------------------------------------------- */

byte next;		/* records in use */
byte live;		/* exchanges that are out and not overdue */
byte overdue;		/* exchanges that are out and overdue [EXCH-5] */
byte wanted;		/* parkedWanted as the highest exchange said [SAY-3] */
byte wantedFrom;	/* that exchange's rank and one, 0 for none */
byte unanswered;	/* requests in a row without an answer, counted to 2 [SAY-9] */
#define OPEN (live | overdue)
/* Answered, failed or given up [EXCH-2]. */
#define OVER WITHOUT(FIRST(next), OPEN)

/* --- the server (spec 6) ---------------------------------------------------------------------- */

byte parked;		/* requests that are held */
byte answered;		/* exchanges that were answered [PARK-4] */
byte overKnown;		/* exchanges that the client said are over [PARK-5] */
byte wantedNow;		/* how many it wants parked [PARK-6] */
bool starved;		/* caught with something to say and nothing parked, and counted */
bool quiet;		/* parkedQuietMs have passed since wantedNow changed [PARK-7] */
byte spoken;		/* ghost: exchanges that were answered with messages */

/* --- the line: copies of requests and of answers that are on their way ------------------------ */

byte copies[N];		/* of a request; what it says stands below */
byte qMessages[N];
byte qReceived[N];
byte qHeld[N];
byte qOver[N];

#define ANSWERS (2 * N)	/* two for each record, the older one first */
bool aIs[ANSWERS];
byte aMessages[ANSWERS];
byte aReceived[ANSWERS];
byte aHeld[ANSWERS];
byte aWanted[ANSWERS];
byte aAnswered[ANSWERS];
byte aParked[ANSWERS];

bool healed;		/* from now on nothing is lost and the line is faster than every timer */
#ifdef WATCH
byte watched;		/* ghost: rank and one of a parked request that somebody looks at */
bool hasWatched;
#endif

/* What is asserted: each name is a property in README.md. */
SCRATCH byte delivered_is_a_prefix_once = 1;
SCRATCH byte released_only_when_held = 1;
SCRATCH byte acknowledged_is_held = 1;
SCRATCH byte no_more_parked_than_wanted = 1;
SCRATCH byte answered_with_messages_once = 1;
SCRATCH byte resent_only_after_evidence = 1;
SCRATCH byte nothing_is_forgotten = 1;
SCRATCH byte oldest_is_answered_first = 1;
/* And that the model itself is large enough and within the rules of the peer. */
SCRATCH byte the_model_has_room = 1;
SCRATCH byte acknowledged_was_sent = 1;

SCRATCH byte at, look, body, slot, seq, carry, rank, gone, count;
SCRATCH byte has;

#ifdef TRACE
#include "timed.pml"
#else
#define NOTE_OWED(side) skip
#define NOTE_ANSWERED(k) skip
#define NOTE_SENT(side, k) skip
#define NOTE_PARKED(k) skip
#define NOTE_STARVED() skip
#define NOTE_FAILED_ANSWER(k) skip
#define NOTE_BEGUN(k) skip
#define NOTE_CUT(k) skip
#define IS_OWED_LONG(side) owedLong[side]
#define IS_QUIET quiet
#define STEP() skip
#define IS_HELD_LONG false
#define SEEN() skip
#endif

/* --- reliability ------------------------------------------------------------------------------ */

/* The peer says what it received and holds. Older statements take nothing back [ACK-5]. */
inline hearAck(side, theReceived, theHeld)
{
	acknowledged_was_sent = acknowledged_was_sent && WITHOUT(theReceived, FIRST(sent[side])) == 0;
	acknowledged_is_held = acknowledged_is_held &&
		theHeld <= consumed[1 - side] &&
		WITHOUT(theReceived, received[1 - side]) == 0;
	known[side] = known[side] | (theReceived);
	due[side] = WITHOUT(due[side], known[side]);
	if
#ifdef BREAK_RELEASE
	:: true ->
		do
		:: HAS(known[side], released[side]) -> released[side]++
		:: else -> break
		od
#else
	:: theHeld > released[side] -> released[side] = theHeld
	:: else
#endif
	fi;
	released_only_when_held = released_only_when_held && released[side] <= consumed[1 - side]
}

inline deliver(side, theSeq)
{
	delivered_is_a_prefix_once = delivered_is_a_prefix_once && theSeq == delivered[side];
	delivered[side]++
#ifndef EXPLICIT
	;
	consumed[side] = delivered[side]
#endif
}

/* Messages arrive; even copies are owed an acknowledgement [ACK-2]. */
inline receive(side, theMessages)
{
	if
	:: (theMessages) != 0 ->
		NOTE_OWED(side);
		owed[side] = true;
		for (seq : 0 .. 7) {
			if
#ifdef BREAK_ONCE
			:: HAS(theMessages, seq) && seq < delivered[side] -> deliver(side, seq)
#endif
#ifdef BREAK_ORDER
			:: HAS(theMessages, seq) && !HAS(received[side], seq) ->
				received[side] = received[side] | BIT(seq);
				deliver(side, seq)
#else
			:: HAS(theMessages, seq) && !HAS(received[side], seq) ->
				received[side] = received[side] | BIT(seq)
#endif
			:: else
			fi
		}
#ifndef BREAK_ORDER
		;
		do
		:: HAS(received[side], delivered[side]) -> deliver(side, delivered[side])
		:: else -> break
		od
#endif
	:: else
	fi
}

/* The transmission is over: what it carried and the peer has not received is due [SEND-3]. */
inline resolve(side, k)
{
	due[side] = due[side] | WITHOUT(CARRIED(side, k), known[side]);
	CARRIED(side, k) = 0
}

/* A body takes what is due and what is new, and all that is owed. `carry` is what it took. */
inline fill(side, k)
{
	gone = 0;
	for (look : 0 .. N - 1) {
		gone = gone | CARRIED(side, look)
	}
#ifdef BREAK_RESEND
	due[side] = WITHOUT(FIRST(sent[side]), known[side]);
#endif
	resent_only_after_evidence = resent_only_after_evidence && (due[side] & gone) == 0;
	carry = due[side] | WITHOUT(FIRST(accepted[side]), FIRST(sent[side]));
	sent[side] = accepted[side];
	due[side] = 0;
	CARRIED(side, k) = CARRIED(side, k) | carry;
	owed[side] = false;
	owedLong[side] = false;
	NOTE_SENT(side, k)
}

#ifdef BREAK_HELD
#define STATED_HELD(side) delivered[side]
#else
#define STATED_HELD(side) consumed[side]
#endif

#ifdef BREAK_ACK
#define STATED_RECEIVED(side) ((received[side] << 1) | 1)
#else
#define STATED_RECEIVED(side) received[side]
#endif

/* [SAY-1]: something numbered that may leave, or an acknowledgement owed for long. */
#define HAS_SOMETHING(side) (due[side] != 0 || accepted[side] > sent[side] || IS_OWED_LONG(side))

/* --- the client's tick ------------------------------------------------------------------------ */

#define SLOTS (wanted + CARRIERS)
#define HAS_SLOT (COUNT(OPEN) < SLOTS || overdue != 0)
/* [SAY-2] [SAY-9] */
#ifdef BREAK_PARK
#define MUST_PARK false
#else
#define MUST_PARK (COUNT(live) < wanted + (unanswered >= 2))
#endif
#define MAY_CARRY (COUNT(live) < SLOTS && count < CARRIERS)

/* `count` becomes the number of carriers: live ones of which nothing says that they arrived. */
inline countCarriers()
{
	count = 0;
	for (look : 0 .. N - 1) {
		count = count + (CARRIED(CLIENT, look) != 0)
	}
}

/* Requests leave as long as one has a reason [SAY-2] [SAY-4]. */
inline clientTick()
{
	do
	:: true ->
		countCarriers();
		if
		:: HAS_SLOT && (MUST_PARK || (MAY_CARRY && HAS_SOMETHING(CLIENT))) -> sendRequest()
		:: else -> break
		fi
	od
}

inline sendRequest()
{
	if
	:: COUNT(OPEN) >= SLOTS ->
		/* [EXCH-5]: the oldest overdue one is given up, and its connection closed. */
		at = 0;
		do
		:: !HAS(overdue, at) -> at++
		:: else -> break
		od;
		overdue = WITHOUT(overdue, BIT(at));
		endExchange(at);
		copies[at] = 0
	:: else
	fi;
	compact();
	if
	:: next < N ->
		rank = next;
		next++;
		NOTE_BEGUN(rank);
		fill(CLIENT, rank);
		live = live | BIT(rank);
		copies[rank] = 1;
		qMessages[rank] = carry;
		qReceived[rank] = STATED_RECEIVED(CLIENT);
		qHeld[rank] = STATED_HELD(CLIENT);
		qOver[rank] = OVER
	:: else ->
		the_model_has_room = false;
		live = 255;
		wanted = 0
	fi
}

/* It is over, and nobody waits for its answers any more. */
inline endExchange(k)
{
	resolve(CLIENT, k);
	aIs[2 * (k)] = false;
	aIs[2 * (k) + 1] = false
}

/* --- the server's tick ------------------------------------------------------------------------ */

inline lowestParked()
{
	at = 0;
	do
	:: !HAS(parked, at) -> at++
	:: else -> break
	od
}

inline highestParked()
{
	at = N - 1;
	do
	:: !HAS(parked, at) -> at--
	:: else -> break
	od
}

inline putAnswer(k, theMessages)
{
	if
	:: HAS(OPEN, k) ->
		slot = 2 * (k) + aIs[2 * (k)];
		the_model_has_room = the_model_has_room && !aIs[slot];
		aIs[slot] = true;
		aMessages[slot] = theMessages;
		aReceived[slot] = STATED_RECEIVED(SERVER);
		aHeld[slot] = STATED_HELD(SERVER);
		aWanted[slot] = wantedNow;
		aAnswered[slot] = answered & OPEN;
		aParked[slot] = parked & OPEN
	:: else
	fi
}

/* The oldest parked request gets all that there is to say [PARK-1] [PARK-2]. */
inline answerOldest()
{
#ifdef BREAK_NEWEST
	highestParked();
#else
	lowestParked();
#endif
	parked = WITHOUT(parked, BIT(at));
	answered = answered | BIT(at);
	/* [PARK-7] */
	if
	:: wantedNow > 1 && IS_QUIET ->
		wantedNow--;
		quiet = false;
		NOTE_STARVED()
	:: else
	fi;
	fill(SERVER, at);
	oldest_is_answered_first = oldest_is_answered_first && (parked & FIRST(at)) == 0;
	answered_with_messages_once = answered_with_messages_once &&
		!(carry != 0 && HAS(spoken, at));
	if
	:: carry != 0 -> spoken = spoken | BIT(at)
	:: else
	fi;
#ifdef WATCH
	if
	:: watched == at + 1 -> watched = 0
	:: else
	fi;
#endif
	putAnswer(at, carry)
}

#ifdef BREAK_EXCESS
#define IS_EXCESS false
#else
#define IS_EXCESS (COUNT(parked) > wantedNow)
#endif

inline serverTick()
{
	do
	:: parked != 0 && (IS_EXCESS || IS_HELD_LONG || HAS_SOMETHING(SERVER)) -> answerOldest()
	:: else -> break
	od;
	/* [PARK-6] */
	if
	:: parked == 0 && !starved && HAS_SOMETHING(SERVER) ->
		starved = true;
		quiet = false;
		NOTE_STARVED();
		if
		:: wantedNow < WANTED_MAX -> wantedNow++
		:: else
		fi
	:: else
	fi;
	no_more_parked_than_wanted = no_more_parked_than_wanted && COUNT(parked) <= wantedNow
}

/* --- what one can forget ---------------------------------------------------------------------- */

/* A record is of use as long as its exchange is out, on its way, parked, or not yet resolved. */
#define IS_DEAD(k) (!HAS(OPEN, k) && copies[k] == 0 && !HAS(parked, k) && CARRIED(SERVER, k) == 0)

inline moveAnswer(from, to)
{
	aIs[to] = aIs[from];
	aMessages[to] = aMessages[from];
	aReceived[to] = aReceived[from];
	aHeld[to] = aHeld[from];
	aWanted[to] = aWanted[from];
	aAnswered[to] = aAnswered[from];
	aParked[to] = aParked[from];
	clearAnswer(from)
}

inline clearAnswer(k)
{
	aIs[k] = false;
	aMessages[k] = 0;
	aReceived[k] = 0;
	aHeld[k] = 0;
	aWanted[k] = 0;
	aAnswered[k] = 0;
	aParked[k] = 0
}

inline cutRecord(k)
{
	live = CUT(live, k);
	overdue = CUT(overdue, k);
	parked = CUT(parked, k);
	answered = CUT(answered, k);
	overKnown = CUT(overKnown, k);
	spoken = CUT(spoken, k);
	if
	:: wantedFrom > k -> wantedFrom--
	:: else
	fi;
#ifdef WATCH
	if
	:: watched > k -> watched--
	:: else
	fi;
#endif
	NOTE_CUT(k);
	for (look : 0 .. N - 1) {
		qOver[look] = CUT(qOver[look], k)
	}
	for (look : 0 .. ANSWERS - 1) {
		aAnswered[look] = CUT(aAnswered[look], k);
		aParked[look] = CUT(aParked[look], k)
	}
	clearAnswer(2 * (k));
	clearAnswer(2 * (k) + 1);
	for (look : k + 1 .. N - 1) {
		copies[look - 1] = copies[look];
		qMessages[look - 1] = qMessages[look];
		qReceived[look - 1] = qReceived[look];
		qHeld[look - 1] = qHeld[look];
		qOver[look - 1] = qOver[look];
		CARRIED(CLIENT, look - 1) = CARRIED(CLIENT, look);
		CARRIED(SERVER, look - 1) = CARRIED(SERVER, look);
		moveAnswer(2 * look, 2 * look - 2);
		moveAnswer(2 * look + 1, 2 * look - 1)
	}
	copies[N - 1] = 0;
	qMessages[N - 1] = 0;
	qReceived[N - 1] = 0;
	qHeld[N - 1] = 0;
	qOver[N - 1] = 0;
	CARRIED(CLIENT, N - 1) = 0;
	CARRIED(SERVER, N - 1) = 0;
	next--
}

/* Forgets what nobody can speak of any more, and what no body on its way needs to say. */
inline compact()
{
	for (body : 0 .. N - 1) {
		if
		:: copies[body] == 0 ->
			qMessages[body] = 0;
			qReceived[body] = 0;
			qHeld[body] = 0;
			qOver[body] = 0
		:: else
		fi
	}
	for (body : 0 .. ANSWERS - 1) {
		if
		:: !aIs[body] -> clearAnswer(body)
		:: else
		fi
	}
	body = 0;
	do
	:: body < next && IS_DEAD(body) -> cutRecord(body)
	:: body < next && !IS_DEAD(body) -> body++
	:: else -> break
	od
}

#ifdef TRACE
#define normalise() skip
#else
/*
 * Takes out of the state what cannot change what happens: what a body on its way would repeat of
 * what its receiver knows by now, and what is noted of exchanges of which no copy is left.
 */
inline normalise()
{
	for (look : 0 .. N - 1) {
		qReceived[look] = WITHOUT(qReceived[look], known[SERVER]);
		qOver[look] = WITHOUT(qOver[look], overKnown);
		if
		:: qHeld[look] <= released[SERVER] -> qHeld[look] = 0
		:: else
		fi;
		if
		:: copies[look] == 0 && !HAS(parked, look) ->
			spoken = WITHOUT(spoken, BIT(look));
			if
			:: !HAS(OPEN, look) -> answered = WITHOUT(answered, BIT(look))
			:: else
			fi
		:: else
		fi;
		/* That one was answered is news of what it carries, to be had once. */
		if
		:: CARRIED(CLIENT, look) == 0 ->
			for (body : 0 .. ANSWERS - 1) {
				aAnswered[body] = WITHOUT(aAnswered[body], BIT(look))
			}
		:: else
		fi
	}
	for (look : 0 .. ANSWERS - 1) {
		aReceived[look] = WITHOUT(aReceived[look], known[CLIENT]);
		if
		:: aHeld[look] <= released[CLIENT] -> aHeld[look] = 0
		:: else
		fi;
		aParked[look] = aParked[look] & OPEN;
		aAnswered[look] = aAnswered[look] & OPEN
	}
#if WANTED_MAX == 1
	wantedFrom = 0;
	starved = false
#endif
	if
	:: parked != 0 -> starved = false
	:: else
	fi
}
#endif

/* At the end of each step. */
inline settle()
{
	for (look : 0 .. 1) {
		gone = due[look] | known[look];
		for (at : 0 .. N - 1) {
			gone = gone | CARRIED(look, at)
		}
		nothing_is_forgotten = nothing_is_forgotten && WITHOUT(FIRST(sent[look]), gone) == 0
	}
	normalise();
	compact();
	assert(the_model_has_room);
	assert(acknowledged_was_sent);
	assert(acknowledged_is_held);
	assert(released_only_when_held);
	assert(delivered_is_a_prefix_once);
	assert(no_more_parked_than_wanted);
	assert(answered_with_messages_once);
	assert(resent_only_after_evidence);
	assert(nothing_is_forgotten);
	assert(oldest_is_answered_first);
	SEEN();
	at = 0; look = 0; body = 0; slot = 0; seq = 0; carry = 0; rank = 0; gone = 0; count = 0;
	has = 0
}

/* --- arrivals --------------------------------------------------------------------------------- */

/* A request has come: acknowledgement, what is over, messages; then it parks (spec 6.1). */
inline requestArrives(k)
{
	copies[k]--;
	hearAck(SERVER, qReceived[k], qHeld[k]);
	overKnown = overKnown | qOver[k];
	for (rank : 0 .. N - 1) {
		if
		:: HAS(overKnown, rank) && CARRIED(SERVER, rank) != 0 ->
			/* [PARK-10] */
			NOTE_FAILED_ANSWER(rank);
			resolve(SERVER, rank)
		:: else
		fi
	}
	/* [PARK-5] */
#ifdef WATCH
	if
	:: watched > 0 && HAS(overKnown, watched - 1) -> watched = 0
	:: else
	fi;
#endif
	parked = WITHOUT(parked, overKnown);
	receive(SERVER, qMessages[k]);
	/* [PARK-4], and [PARK-3]: the copy takes its place, the first is answered empty. */
	has = HAS(overKnown | answered | parked, k);
	if
#ifdef BREAK_TWICE
	:: !HAS(overKnown, k) && HAS(answered, k) ->
		parked = parked | BIT(k);
		has = false
#endif
	:: has
	:: else ->
		parked = parked | BIT(k);
		starved = false;
		NOTE_PARKED(k)
	fi;
	if
	:: has -> putAnswer(k, 0)
	:: else
	fi
}

/* An answer has come, `body`: acknowledgement, evidence, messages (spec 5.2). */
inline answerArrives(k)
{
	unanswered = 0;
	hearAck(CLIENT, aReceived[body], aHeld[body]);
	/* [SAY-3] */
	if
	:: k + 1 > wantedFrom ->
		wantedFrom = k + 1;
		wanted = aWanted[body]
	:: else
	fi;
	/* [EXCH-4] */
	for (rank : 0 .. N - 1) {
		if
		:: HAS(OPEN, rank) && (rank == k || HAS(aAnswered[body] | aParked[body], rank)) ->
			resolve(CLIENT, rank);
			if
			:: rank == k || HAS(aAnswered[body], rank) -> NOTE_ANSWERED(rank)
			:: else ->
				overdue = WITHOUT(overdue, BIT(rank));
				live = live | BIT(rank)
			fi
		:: else
		fi
	}
	carry = aMessages[body];
	live = WITHOUT(live, BIT(k));
	overdue = WITHOUT(overdue, BIT(k));
	endExchange(k);
	receive(CLIENT, carry)
}

/* --- failures and timers of the client -------------------------------------------------------- */

inline countUnanswered(k)
{
	if
	:: HAS(live, k) && unanswered < 2 -> unanswered++
	:: else
	fi
}

/* The client sees an error in the place of the answer (spec 5.3). */
inline exchangeFails(k)
{
	countUnanswered(k);
	live = WITHOUT(live, BIT(k));
	overdue = WITHOUT(overdue, BIT(k));
	endExchange(k)
}

/* [EXCH-5] [EXCH-6] */
inline markOverdue(k)
{
	countUnanswered(k);
	live = WITHOUT(live, BIT(k));
	overdue = overdue | BIT(k);
#ifdef BREAK_FORGET
	CARRIED(CLIENT, k) = 0
#else
	resolve(CLIENT, k)
#endif
}
