/** From a failure to the answer that tells it: RFC 9457 problem documents, for every way in which a request can fail. */
@NullMarked
package dev.gnserve.problem;

import org.jspecify.annotations.NullMarked;
