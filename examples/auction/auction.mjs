/**
 * A sealed-bid auction of eight lots: each goes to the highest bid, at the price of the second highest. The auctioneer learns who
 * wins each lot and what it costs; each bidder learns which lots it has won. Losing bids stay secret.
 *
 * Run it (the bids are in examples/auction/bids):
 *   bin/mpc run examples/auction/auction.mjs --input ada=examples/auction/bids/ada.csv --input ben=… --input cleo=…
 */
import { decimal, program } from 'mpc';

const BIDDERS = ['ada', 'ben', 'cleo'];
const LOTS = 8;

export default program((t) => {
  const bids = BIDDERS.map((bidder) => t.input(bidder, { rows: LOTS, columns: { bid: decimal(2, 0, 100_000) } }).bid);

  // The highest bid so far, the second highest, and who made the highest: on a tie the first to be asked.
  let [highest, second, winner] = [bids[0], undefined, undefined];
  for (const [bidder, bid] of [...bids.entries()].slice(1)) {
    const wins = bid.greaterThan(highest);
    const loser = wins.choose(highest, bid);
    second = second === undefined ? loser : second.max(loser);
    winner = wins.choose(bidder, winner ?? 0);
    highest = wins.choose(bid, highest);
  }

  t.reveal('winner', winner, 'auctioneer');
  t.reveal('price', second, 'auctioneer');
  t.reveal('turnover', second.sum(), 'auctioneer');
  for (const [number, bidder] of BIDDERS.entries()) t.reveal(`won_by_${bidder}`, winner.equals(number), bidder);
});
