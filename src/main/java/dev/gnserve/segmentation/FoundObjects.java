package dev.gnserve.segmentation;

/** The separate objects of one image: a number for every pixel and a score for every object. Shares its arrays with its maker. */
public final class FoundObjects {

    private final int[] ids;
    private final float[] scores;

    FoundObjects(int[] ids, float[] scores) {
        this.ids = ids;
        this.scores = scores;
    }

    public int count() {
        return scores.length;
    }

    /** int32 [height * width], row-major: 0 for background, else the object's number from 1 to {@link #count()}. */
    public int[] ids() {
        return ids;
    }

    /** The scores of all objects, by their number less one. */
    public float[] scores() {
        return scores;
    }

    /** Mean foreground probability over the pixels of an object, by its number. */
    public float score(int id) {
        return scores[id - 1];
    }
}
