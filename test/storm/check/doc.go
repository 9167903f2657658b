// Package check tells from the records of a storm whether what was promised was kept. Its functions are pure: the same
// records give the same verdict, whenever and wherever they are judged.
//
// What is demanded, of channels with a history that is never full, as a storm's are:
//
//   - what was acknowledged is in the history, once, as it was sent, where its publisher was told;
//   - no two messages have the same offset in a log;
//   - a subscriber gets everything that is stored behind the position at which it was live first, once, in order, as it
//     was sent, and nothing else. A device with QoS 1 may get it several times;
//   - nobody is told of a loss, or thrown out.
//
// Of channels without: what one publisher has sent in its order, and no hole without a gap told.
//
// Of presence: whoever is gone is in no roster any more once its time is over, and in the end the roster is who is there.
// Of nodes: when everybody has left, they use about what they used before.
package check
