"""The dashboard: `streamlit run app.py`."""

from snnlab.dashboard import main

if __name__ == "__main__":  # processes that train import this file, too
    main()
