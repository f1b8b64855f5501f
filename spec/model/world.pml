/*
 * What may happen to the two sides of parking.pml, and what must hold of it. This is the file that
 * SPIN is given; README.md beside it says how.
 *
 * Without further macros everything may happen at any time and any number of times: bodies are
 * lost, overtake each other, arrive twice; the client sees errors; timers fire early and late. HEAL
 * lets this end at any moment, and from then on the line is quicker than every timer.
 */

#include "parking.pml"

#define AND_EMPTY(k) && copies[k] == 0 && !aIs[2 * k] && !aIs[2 * k + 1]
#define IS_LINE_EMPTY (true ALL(AND_EMPTY))
#define IS_CONSUMED (consumed[CLIENT] == delivered[CLIENT] \
	&& consumed[SERVER] == delivered[SERVER])

/* With FAULTS_MAX a run has no more faults; a timer that is quicker than the line is one. */
#ifdef FAULTS_MAX
byte faults;
#define MAY_FAULT (!healed && faults < FAULTS_MAX)
#else
#define MAY_FAULT (!healed)
#endif
#define IS_FAULT (action == request_lost || action == answer_lost || \
	action == request_fails || action == exchange_fails || action == request_doubled)
#define IS_TIMER (action == timer_fires || action == client_overdue || \
	action == server_overdue || action == ack_delay)

/*
 * After the last fault a timer waits for all that is on its way, and for the quicker timers of
 * either side: ackDelayMs, the timeouts of what carries messages, the hold time.
 */
#define IS_OWED(side) (owed[side] && !owedLong[side])
#define IS_LINE_QUIET (IS_LINE_EMPTY && IS_CONSUMED)
#define MAY_FIRE (MAY_FAULT || IS_LINE_QUIET)
#define MAY_FIRE_RESEND (MAY_FAULT || (IS_LINE_QUIET && !IS_OWED(CLIENT) && !IS_OWED(SERVER)))
#define OR_CARRIED(k) | CARRIED(CLIENT, k) | CARRIED(SERVER, k)
#define MAY_FIRE_SLOW (MAY_FAULT || \
	(IS_LINE_QUIET && !IS_OWED(CLIENT) && !IS_OWED(SERVER) && (0 ALL(OR_CARRIED)) == 0))
/* A client waits for a timeout longer than the server holds its request. */
#define MAY_BE_MISSED(k) (MAY_FIRE_SLOW && (MAY_FAULT || !HAS(parked, k)))

/* Requests that are on their way without a client that waits for them, or may come to be. */
#define PLUS_ORPHAN(k) + (copies[k] == 2 || (copies[k] == 1 && !HAS(OPEN, k)))
#define MAY_ORPHAN ((0 ALL(PLUS_ORPHAN)) < ORPHANS)

#ifdef TRACE
#include "timers.pml"
#endif
#ifdef BREAK_OVERDUE
#define MAY_BE_OVERDUE false
#else
#define MAY_BE_OVERDUE true
#endif

/* --- what may happen -------------------------------------------------------------------------- */

mtype action;
byte which;	/* to which side or exchange */
byte longest;	/* the request that has been held for holdTimeMs */

/* What may happen to each exchange. */
#define ON_THE_LINE(k) \
	:: copies[k] > 0 -> action = request_arrives; which = k \
	:: aIs[2 * k] -> action = answer_arrives; which = k \
	:: aIs[2 * k + 1] -> action = second_answer_arrives; which = k \
	:: MAY_FAULT && copies[k] > 0 -> action = request_lost; which = k \
	:: MAY_FAULT && aIs[2 * k] -> action = answer_lost; which = k \
	:: MAY_FAULT && HAS(OPEN, k) && copies[k] > 0 -> action = request_fails; which = k \
	:: MAY_FAULT && HAS(OPEN, k) && (copies[k] != 1 || MAY_ORPHAN) -> \
		action = exchange_fails; which = k \
	:: MAY_FAULT && copies[k] == 1 && HAS(OPEN, k) && !HAS(parked, k) && !aIs[2 * k] \
		&& MAY_ORPHAN -> action = request_doubled; which = k

/* [EXCH-5] [EXCH-6] [PARK-15]. Which timer fires first is nobody's business here. */
#define OVERDUE(k) \
	:: MAY_BE_OVERDUE && HAS(live, k) \
		&& (MAY_BE_MISSED(k) || (CARRIED(CLIENT, k) != 0 && MAY_FIRE_RESEND)) -> \
		action = client_overdue; which = k \
	:: MAY_FIRE_RESEND && CARRIED(SERVER, k) != 0 -> action = server_overdue; which = k

#define WATCHED(k) \
	:: !hasWatched && HAS(parked, k) -> action = watching; which = k

#define OF_SIDE(side, total) \
	:: accepted[side] < total -> action = sends; which = side \
	:: consumed[side] < delivered[side] -> action = consumes; which = side

inline consume(side)
{
	consumed[side]++;
	NOTE_OWED(side);
	owed[side] = true
}

inline loseAnswer(k)
{
	aIs[2 * (k)] = false;
	if
	:: aIs[2 * (k) + 1] -> moveAnswer(2 * (k) + 1, 2 * (k))
	:: else
	fi
}

#define NOBODY 2
SCRATCH byte ticking;	/* whose tick ends now */

active proctype World()
{
	/* The session is open; the client has its first request for parking on its way. */
	d_step {
		wanted = 1;
		wantedNow = 1;
		clientTick();
#ifdef TRACE
		printf("step opens 0\n");
#endif
		settle()
	};
	do
	:: atomic {
		if
		EACH(ON_THE_LINE)
		OF_SIDE(CLIENT, NC)
		OF_SIDE(SERVER, NS)
#ifdef TRACE
		:: MAY_FAULT || IS_LINE_EMPTY -> action = timer_fires; which = CLIENT
		:: MAY_FAULT || IS_LINE_EMPTY -> action = timer_fires; which = SERVER
#else
		EACH(OVERDUE)
		:: MAY_FIRE && IS_OWED(CLIENT) -> action = ack_delay; which = CLIENT
		:: MAY_FIRE && IS_OWED(SERVER) -> action = ack_delay; which = SERVER
#if WANTED_MAX > 1
		:: wantedNow > 1 && !quiet && !healed -> action = quiet_time
#endif
#ifdef WATCH
		EACH(WATCHED)
#endif
#ifdef HEAL
		:: !healed -> action = healing
#endif
#endif
		fi;
		d_step {
			if
			:: action != timer_fires -> STEP()
			:: else
			fi;
			ticking = NOBODY;
#ifdef FAULTS_MAX
			faults = faults + (IS_FAULT || (IS_TIMER && !IS_LINE_EMPTY));
#endif
			if
			:: action == sends ->
				accepted[which]++;
				ticking = which
			:: action == consumes ->
				consume(which);
				ticking = which
			:: action == request_arrives ->
				requestArrives(which);
				ticking = SERVER
			:: action == answer_arrives || action == second_answer_arrives ->
				body = 2 * which + (action == second_answer_arrives);
				answerArrives(which);
#ifdef TRACE
				markMissed();
#endif
				ticking = CLIENT
			:: action == request_fails || action == exchange_fails ->
				copies[which] = copies[which] - (action == request_fails);
				exchangeFails(which);
				ticking = CLIENT
			:: action == request_lost -> copies[which]--
			:: action == answer_lost -> loseAnswer(which)
			:: action == request_doubled -> copies[which]++
#ifdef TRACE
			:: action == timer_fires && which == CLIENT ->
				clientTimer();
				ticking = CLIENT
			:: action == timer_fires && which == SERVER ->
				serverTimer();
				ticking = SERVER
#else
			:: action == client_overdue ->
				markOverdue(which);
				ticking = CLIENT
			:: action == server_overdue ->
				resolve(SERVER, which);
				ticking = SERVER
			:: action == ack_delay ->
				owedLong[which] = true;
				/* A server with nothing parked does not notice. */
				if
				:: which == CLIENT || parked != 0 -> ticking = which
				:: else
				fi
			:: action == quiet_time -> quiet = true
			:: action == healing -> healed = true
#ifdef WATCH
			:: action == watching ->
				watched = which + 1;
				hasWatched = true
#endif
#endif
			fi;
			if
			:: ticking == CLIENT -> clientTick()
			:: ticking == SERVER -> serverTick()
			:: else
			fi;
			settle();
			action = none;
			which = 0
		}
	}
	od
}

#ifndef TRACE
/* [PARK-8]: no request is held for longer than holdTimeMs; with it all older ones are answered. */
#define HELD(k) \
	:: MAY_FIRE_SLOW && HAS(parked, k) -> longest = k

active proctype Hold()
{
end:	do
#ifdef BREAK_HOLD
	:: false -> skip
#else
	:: atomic {
		if
		EACH(HELD)
		fi;
		d_step {
#ifdef FAULTS_MAX
			faults = faults + !IS_LINE_EMPTY;
#endif
			do
			:: HAS(parked, longest) -> answerOldest()
			:: else -> break
			od;
			serverTick();
			settle();
			longest = 0
		}
	}
#endif
	od
}
#endif

/* --- what must come about --------------------------------------------------------------------- */

#define flushed (released[CLIENT] == accepted[CLIENT] && released[SERVER] == accepted[SERVER])
#define reachable ((parked & live) != 0)

#ifdef WATCH
ltl parked_is_answered { [] (watched != 0 -> <> (watched == 0)) }
#endif
#ifdef HEAL_DELIVERS
ltl accepted_is_delivered { [] (healed -> <> flushed) }
#endif
#ifdef HEAL_PARKS
ltl one_is_parked_again { [] (healed -> <> reachable) }
#endif
