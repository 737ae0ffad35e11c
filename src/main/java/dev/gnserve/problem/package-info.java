/** Error responses: RFC 9457 problem documents for every failure of a request. */
@NullMarked
package dev.gnserve.problem;

import org.jspecify.annotations.NullMarked;
