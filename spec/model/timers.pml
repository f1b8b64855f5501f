/*
 * When the timers of timed.pml fire, and what they do. Included by parking.pml, with -DTRACE, where
 * all that they use is there. At each side the soonest fires, and with it all that is due by then.
 */

#define OVERDUE_AT(k) (SENT_AT(CLIENT, k) + HOLD_TIME < answeredAt[k] \
	-> SENT_AT(CLIENT, k) + HOLD_TIME + TIMEOUT : answeredAt[k] + TIMEOUT)

/* `rank` becomes the client's first carrier, N for none. */
inline oldestCarrier()
{
	rank = 0;
	do
	:: rank < N && CARRIED(CLIENT, rank) == 0 -> rank++
	:: else -> break
	od
}

/* `rank` becomes the first answer that carries messages and is not resolved, N for none. */
inline oldestAnswer()
{
	rank = N;
	for (look : 0 .. N - 1) {
		if
		:: CARRIED(SERVER, look) != 0 ->
			if
			:: rank == N -> rank = look
			:: rank < N && order[look] < order[rank] -> rank = look
			:: else
			fi
		:: else
		fi
	}
}

#define RESEND_AT(side) (LATER(SENT_AT(side, rank), resendBase[side]) + TIMEOUT)

inline sooner()
{
	if
	:: candidate < soonest -> soonest = candidate
	:: else
	fi
}

/* [EXCH-5], also of one that an answer has just named as parked when its time is over already. */
inline markMissed()
{
	for (at : 0 .. N - 1) {
		if
		:: HAS(live, at) && OVERDUE_AT(at) <= clock[CLIENT] -> markOverdue(at)
		:: else
		fi
	}
}

inline clientTimer()
{
	soonest = NEVER;
	for (look : 0 .. N - 1) {
		if
		:: HAS(live, look) ->
		candidate = OVERDUE_AT(look);
		sooner()
		:: else
		fi
	}
	oldestCarrier();
	if
	:: rank < N ->
		candidate = RESEND_AT(CLIENT);
		sooner()
	:: else
	fi;
	countCarriers();
	if
	:: owed[CLIENT] && HAS_SLOT && MAY_CARRY ->
		candidate = owedSince[CLIENT] + ACK_DELAY;
		sooner()
	:: else
	fi;
	if
	:: soonest < NEVER ->
		STEP();
		clock[CLIENT] = LATER(soonest, clock[CLIENT]);
		markMissed();
		oldestCarrier();
		if
		:: rank < N && RESEND_AT(CLIENT) <= clock[CLIENT] ->
			resendBase[CLIENT] = clock[CLIENT];
			markOverdue(rank)
		:: else
		fi
	:: else
	fi
}

inline serverTimer()
{
	soonest = NEVER;
	for (look : 0 .. N - 1) {
		if
		:: HAS(parked, look) ->
		candidate = arrivedAt[look] + HOLD_TIME;
		sooner()
		:: else
		fi
	}
	oldestAnswer();
	if
	:: rank < N ->
		candidate = RESEND_AT(SERVER);
		sooner()
	:: else
	fi;
	if
	:: owed[SERVER] && parked != 0 ->
		candidate = owedSince[SERVER] + ACK_DELAY;
		sooner()
	:: else
	fi;
	if
	:: soonest < NEVER ->
		STEP();
		clock[SERVER] = LATER(soonest, clock[SERVER]);
		oldestAnswer();
		if
		:: rank < N && RESEND_AT(SERVER) <= clock[SERVER] ->
			resolve(SERVER, rank);
			resendBase[SERVER] = clock[SERVER]
		:: else
		fi
	:: else
	fi
}
