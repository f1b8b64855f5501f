/**
 * How much a server takes on at once, counted before anything is read or believed: requests, and
 * bytes of bodies that have not come whole, of the process and of each address. Nothing here
 * outlives the requests that it counts. Requests of unknown address are counted for the process
 * only: they may be anybody's.
 */
import type { HttpErrorCode } from "./http-error.ts";

export interface AdmissionLimits {
  readonly requestsMax: number;
  readonly requestsPerAddressMax: number;
  readonly readingBytesMax: number;
  readonly readingBytesPerAddressMax: number;
}

interface Share {
  requests: number;
  readingBytes: number;
}

export class Admission {
  private readonly limits: AdmissionLimits;
  private readonly all: Share = { requests: 0, readingBytes: 0 };
  private readonly perAddress: Map<string, Share> = new Map();

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  /** A request came. What it gets counts until it is released, or says why there is none. */
  admit(address: string): Admitted | HttpErrorCode {
    // The address first: one that asks for too much hears of itself, not of the process.
    const known = this.perAddress.get(address);
    if ((known?.requests ?? 0) >= this.limits.requestsPerAddressMax) return "address_overloaded";
    if (this.all.requests >= this.limits.requestsMax) return "overloaded";
    this.all.requests++;
    if (address === "") return new Admitted(this, address);
    if (known === undefined) this.perAddress.set(address, { requests: 1, readingBytes: 0 });
    else known.requests++;
    return new Admitted(this, address);
  }

  /** Addresses with requests, and requests, at this moment. */
  counts(): {
    readonly requests: number;
    readonly readingBytes: number;
    readonly addresses: number;
  } {
    return { ...this.all, addresses: this.perAddress.size };
  }

  /** @internal */
  take(address: string, bytes: number): HttpErrorCode | undefined {
    const share = this.perAddress.get(address);
    const perAddressMax = this.limits.readingBytesPerAddressMax;
    if (share !== undefined && share.readingBytes + bytes > perAddressMax) {
      return "address_overloaded";
    }
    if (this.all.readingBytes + bytes > this.limits.readingBytesMax) return "overloaded";
    this.all.readingBytes += bytes;
    if (share !== undefined) share.readingBytes += bytes;
    return undefined;
  }

  /** @internal */
  giveBack(address: string, bytes: number): void {
    this.all.readingBytes -= bytes;
    const share = this.perAddress.get(address);
    if (share !== undefined) share.readingBytes -= bytes;
  }

  /** @internal */
  leave(address: string): void {
    this.all.requests--;
    const share = this.perAddress.get(address);
    if (share === undefined) return;
    share.requests--;
    if (share.requests === 0) this.perAddress.delete(address);
  }
}

/** One request's part of what is counted. */
export class Admitted {
  private readonly admission: Admission;
  private readonly address: string;
  private readingBytes = 0;
  private isReleased = false;

  constructor(admission: Admission, address: string) {
    this.admission = admission;
    this.address = address;
  }

  /** Bytes of the body arrived; or why they are not to be kept. */
  take(bytes: number): HttpErrorCode | undefined {
    const refusal = this.admission.take(this.address, bytes);
    if (refusal === undefined) this.readingBytes += bytes;
    return refusal;
  }

  /** The body is the server's now, or was dropped. */
  finishReading(): void {
    this.admission.giveBack(this.address, this.readingBytes);
    this.readingBytes = 0;
  }

  /** The request is over. May be called again. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.finishReading();
    this.admission.leave(this.address);
  }
}
