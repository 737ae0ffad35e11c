package dev.gnserve.workshop.training;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which normalization the layers of a network have. As text, in recipes and on the command line:
 *
 * <ul>
 *   <li>{@code none}: no normalization; the convolution before it has a bias instead
 *   <li>{@code bn}: Batch Normalization (Ioffe and Szegedy 2015)
 *   <li>{@code ln}: Layer Normalization (Ba et al. 2016), one group of all channels
 *   <li>{@code in}: Instance Normalization (Ulyanov et al. 2016), a group for each channel
 *   <li>{@code gn8}: Group Normalization (Wu and He 2018) with 8 groups in every layer
 *   <li>{@code gn/16}: Group Normalization with 16 channels a group, so that the number of groups grows with the channels
 * </ul>
 */
public sealed interface Norm {

    Norm NONE = new None();
    Norm BATCH = new Batch();
    Norm LAYER = new Layer();
    Norm INSTANCE = new Instance();

    /** The normalization with this text. */
    @JsonCreator
    static Norm of(String text) {
        Matcher group = Pattern.compile("gn(/?)([1-9][0-9]{0,3})").matcher(text);
        if (group.matches()) {
            int number = Integer.parseInt(group.group(2));
            return group.group(1).isEmpty() ? new Group(number) : new GroupSize(number);
        }
        return switch (text) {
            case "none" -> NONE;
            case "bn" -> BATCH;
            case "ln" -> LAYER;
            case "in" -> INSTANCE;
            default ->
                throw new IllegalArgumentException(
                        text + " is no normalization: none, bn, ln, in, gn8 (groups) or gn/16 (channels a group)");
        };
    }

    /** What {@link #of} reads. */
    @JsonValue
    String text();

    /**
     * A new layer for this number of channels.
     *
     * @throws IllegalArgumentException if the groups do not divide the channels
     */
    NormLayer layer(int channels);

    /** See {@link #NONE}. */
    record None() implements Norm {

        @Override
        public String text() {
            return "none";
        }

        @Override
        public NormLayer layer(int channels) {
            return new NoNorm();
        }
    }

    /** See {@link #BATCH}. */
    record Batch() implements Norm {

        @Override
        public String text() {
            return "bn";
        }

        @Override
        public NormLayer layer(int channels) {
            return new BatchNorm(channels);
        }
    }

    /** See {@link #LAYER}. */
    record Layer() implements Norm {

        @Override
        public String text() {
            return "ln";
        }

        @Override
        public NormLayer layer(int channels) {
            return new GroupNorm(1, channels);
        }
    }

    /** See {@link #INSTANCE}. */
    record Instance() implements Norm {

        @Override
        public String text() {
            return "in";
        }

        @Override
        public NormLayer layer(int channels) {
            return new GroupNorm(channels, channels);
        }
    }

    /** A fixed number of groups. */
    record Group(int groups) implements Norm {

        @Override
        public String text() {
            return "gn" + groups;
        }

        @Override
        public NormLayer layer(int channels) {
            return new GroupNorm(groups, channels);
        }
    }

    /** A fixed number of channels in each group. */
    record GroupSize(int channelsOfGroup) implements Norm {

        @Override
        public String text() {
            return "gn/" + channelsOfGroup;
        }

        @Override
        public NormLayer layer(int channels) {
            if (channels % channelsOfGroup != 0) {
                throw new IllegalArgumentException(
                        channels + " channels cannot be split into groups of " + channelsOfGroup);
            }
            return new GroupNorm(channels / channelsOfGroup, channels);
        }
    }
}
