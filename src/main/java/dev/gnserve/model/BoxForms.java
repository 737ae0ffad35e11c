package dev.gnserve.model;

import dev.gnserve.backend.Tensor;
import dev.gnserve.model.BoxSpec.Form;
import dev.gnserve.model.BoxSpec.Unit;
import java.util.ArrayList;
import java.util.List;

/** Finds the forms of boxes that their numbers do not contradict. */
final class BoxForms {

    /** Boxes may reach beyond the image by this part of its side. */
    private static final double BEYOND = 0.25;

    private BoxForms() {}

    /** Fractions if all numbers are about 0 to 1; else pixels. */
    static Unit unit(List<Tensor> boxes) {
        OutputFacts facts = OutputFacts.of(boxes);
        boolean fractions = facts.least() >= -BEYOND && facts.greatest() <= 1 + BEYOND;
        return fractions ? Unit.FRACTIONS : Unit.PIXELS;
    }

    /**
     * The forms that fit.
     *
     * @param boxes each [A, 4], or empty
     */
    static List<Form> of(List<Tensor> boxes) {
        boolean ordered = true;
        boolean sized = true;
        boolean centred = true;
        boolean cornered = true;
        boolean fractions = unit(boxes) == Unit.FRACTIONS;
        boolean within = true;
        double extent = fractions ? 1 : OutputFacts.of(boxes).greatest(); // About the longer side of the image.
        double beyond = BEYOND * extent;
        for (Tensor tensor : boxes) {
            float[] values = tensor.floats();
            for (int i = 0; i + 3 < values.length; i += 4) {
                float x = values[i];
                float y = values[i + 1];
                float third = values[i + 2];
                float fourth = values[i + 3];
                ordered &= x <= third && y <= fourth;
                within &= Math.min(x - third / 2, y - fourth / 2) >= -beyond
                        && Math.max(x + third / 2, y + fourth / 2) <= extent + beyond;
                sized &= third >= 0 && fourth >= 0;
                centred &= !fractions || (x + third / 2 <= 1 + BEYOND && y + fourth / 2 <= 1 + BEYOND);
                cornered &= !fractions || (x + third <= 1 + BEYOND && y + fourth <= 1 + BEYOND);
            }
        }
        List<Form> forms = new ArrayList<>();
        if (ordered) {
            forms.add(Form.XYXY);
            if (!within) {
                return forms; // Of boxes around their centres, some would reach far out of the image.
            }
        }
        if (sized && centred) {
            forms.add(Form.CXCYWH);
        }
        if (sized && cornered && !ordered) { // Sizes are seldom larger than places, and never for all boxes.
            forms.add(Form.XYWH);
        }
        return forms;
    }

    static String text(BoxSpec spec) {
        String numbers = switch (spec.form()) {
            case XYXY -> "left, top, right, bottom";
            case CXCYWH -> "centre x, centre y, width, height";
            case XYWH -> "left, top, width, height";
        };
        return "boxes (" + numbers + " in " + OutputForm.lower(spec.unit()) + ")";
    }
}
