import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/** Answers the questions of narrowing.tsv: reads "from, to, text" from stdin and prints the result; floats as bits. */
public class NarrowingRecorder {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] question = line.split("\t", -1);
            System.out.println(answer(question[0], question[1], question[2]));
        }
    }

    private static String answer(String from, String to, String text) {
        if (from.equals("text")) {
            try {
                return parsed(to, text.substring(1, text.length() - 1));
            } catch (NumberFormatException error) {
                return "?";
            }
        }
        Number number = switch (from) {
            case "long" -> Long.valueOf(text);
            case "double" -> Double.valueOf(text);
            default -> new BigDecimal(text);
        };
        return switch (to) {
            case "int8" -> "" + number.byteValue();
            case "int16" -> "" + number.shortValue();
            case "int32" -> "" + number.intValue();
            case "int64" -> "" + number.longValue();
            case "float32" -> Integer.toHexString(Float.floatToIntBits(number.floatValue()));
            case "float64" -> Long.toHexString(Double.doubleToLongBits(number.doubleValue()));
            default -> "" + (number.longValue() != 0);
        };
    }

    private static String parsed(String to, String text) {
        return switch (to) {
            case "int8" -> "" + Byte.parseByte(text);
            case "int16" -> "" + Short.parseShort(text);
            case "int32" -> "" + Integer.parseInt(text);
            case "int64" -> "" + Long.parseLong(text);
            case "float32" -> Integer.toHexString(Float.floatToIntBits(Float.parseFloat(text)));
            case "float64" -> Long.toHexString(Double.doubleToLongBits(Double.parseDouble(text)));
            default -> "" + Boolean.parseBoolean(text);
        };
    }
}
