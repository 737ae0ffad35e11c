package dev.gnserve.model;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Orders versions by text, but digits as numbers: 10 is newer than 9, and 1.10 is newer than 1.9. Thread-safe. */
public final class VersionOrder implements Comparator<String> {

    public static final Comparator<String> OLDEST_FIRST = new VersionOrder();

    static final Comparator<String> NEWEST_FIRST = OLDEST_FIRST.reversed();

    private static final Pattern PART = Pattern.compile("\\d+|\\D+");

    private VersionOrder() {}

    @Override
    public int compare(String a, String b) {
        Iterator<String> left = parts(a).iterator();
        Iterator<String> right = parts(b).iterator();
        while (left.hasNext() && right.hasNext()) {
            int order = compareParts(left.next(), right.next());
            if (order != 0) {
                return order;
            }
        }
        return Boolean.compare(left.hasNext(), right.hasNext());
    }

    private static int compareParts(String a, String b) {
        boolean numbers = Character.isDigit(a.charAt(0)) && Character.isDigit(b.charAt(0));
        return numbers ? new BigInteger(a).compareTo(new BigInteger(b)) : a.compareTo(b);
    }

    private static List<String> parts(String version) {
        return PART.matcher(version).results().map(MatchResult::group).toList();
    }
}
