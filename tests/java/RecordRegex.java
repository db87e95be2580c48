// Records what Java's regular expressions answer: the source of regex.jsonl.
//
//     javac -d /tmp tests/java/RecordRegex.java && java -cp /tmp RecordRegex < questions > answers
//
// A question is a line of four fields between tabs: pattern, flags (a number), text, replacement. Texts are UTF-16 units
// in hexadecimal, separated by blanks. An answer is "S", a tab and the message of a pattern that is refused; or "M", and
// the spans of the groups of a match of the whole text, those of the first match anywhere ("-": none), and what
// replaceFirst gave ("R" and the text, or "E", the exception's class, a blank and its message).
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

public class RecordRegex {
    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] fields = line.split("\t", -1);
            System.out.println(answer(text(fields[0]), Integer.parseInt(fields[1]), text(fields[2]), text(fields[3])));
        }
    }

    private static String answer(String pattern, int flags, String text, String replacement) {
        Pattern compiled;
        try {
            compiled = Pattern.compile(pattern, flags);
        } catch (PatternSyntaxException error) {
            return "S\t" + hexadecimal(error.getMessage());
        }
        Matcher matcher = compiled.matcher(text);
        String whole = matcher.matches() ? spans(matcher) : "";
        matcher.reset();
        String first = matcher.find() ? spans(matcher) : "-";
        String replaced;
        try {
            replaced = "R" + hexadecimal(compiled.matcher(text).replaceFirst(replacement));
        } catch (IllegalArgumentException | IndexOutOfBoundsException error) {
            replaced = "E" + error.getClass().getSimpleName() + " " + hexadecimal(error.getMessage());
        }
        return "M\t" + whole + "\t" + first + "\t" + replaced;
    }

    private static String spans(Matcher matcher) {
        StringBuilder spans = new StringBuilder();
        for (int group = 0; group <= matcher.groupCount(); group++) {
            spans.append(group > 0 ? "," : "").append(matcher.start(group)).append(':').append(matcher.end(group));
        }
        return spans.toString();
    }

    private static String text(String hexadecimal) {
        StringBuilder text = new StringBuilder();
        for (String unit : hexadecimal.isEmpty() ? new String[0] : hexadecimal.split(" ")) {
            text.append((char) Integer.parseInt(unit, 16));
        }
        return text.toString();
    }

    private static String hexadecimal(String text) {
        StringBuilder units = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            units.append(at > 0 ? " " : "").append(Integer.toHexString(text.charAt(at)));
        }
        return units.toString();
    }
}
