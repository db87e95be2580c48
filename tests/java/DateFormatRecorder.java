import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.TimeZone;

/** Answers the questions of date_format.tsv: reads its first four columns from stdin and prints the fifth. */
public class DateFormatRecorder {
    private static final long CENTURY = -757382400000L;

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(escaped(answer(line.split("\t", -1))));
        }
    }

    private static String answer(String[] question) {
        try {
            SimpleDateFormat format = new SimpleDateFormat(plain(question[1]));
            format.setTimeZone(TimeZone.getTimeZone(question[2]));
            format.set2DigitYearStart(new Date(CENTURY));
            if (question[0].equals("F")) {
                return format.format(new Date(Long.parseLong(question[3])));
            }
            Date date = format.parse(plain(question[3]));
            return date.getTime() + " " + format.getTimeZone().getID();
        } catch (ParseException error) {
            return "?";
        } catch (IllegalArgumentException error) {
            return "!" + error.getMessage();
        }
    }

    private static String plain(String text) {
        StringBuilder made = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            char each = text.charAt(at);
            if (each != '\\') {
                made.append(each);
                continue;
            }
            char kind = text.charAt(++at);
            if (kind == 'u') {
                made.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                at += 4;
            } else {
                made.append(kind == 't' ? '\t' : kind == 'n' ? '\n' : kind);
            }
        }
        return made.toString();
    }

    private static String escaped(String text) {
        StringBuilder made = new StringBuilder();
        for (char each : text.toCharArray()) {
            switch (each) {
                case '\\' -> made.append("\\\\");
                case '\t' -> made.append("\\t");
                case '\n' -> made.append("\\n");
                default -> made.append(each < 32 || each > 126 ? String.format("\\u%04x", (int) each) : each);
            }
        }
        return made.toString();
    }
}
